-- waived_dose: doses at a slot that a shortened series does not need, because the dose before came late enough.
-- Params   $part INTEGER  one of the parts into which the persons are divided, so that a city fits
--          $mask INTEGER  their number less one (a power of two)
-- Reads    interval, placed_dose, waive
-- Returns  one row per dose and series, in no order
--          dose_id BIGINT, series_no SMALLINT
-- Nulls    none
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
filled AS (
    SELECT
        dose_id,
        person_id,
        series_no,
        variant_no,
        position,
        slot_no,
        given_on
    FROM placed_dose
    WHERE slot_no IS NOT NULL AND series_no IN (SELECT w.series_no FROM waive AS w)
)

SELECT
    t.dose_id,
    t.series_no
FROM filled AS t
INNER JOIN waive AS w ON t.series_no = w.series_no AND t.variant_no = w.variant_no AND t.slot_no = w.slot_no
INNER JOIN filled AS a
    ON t.person_id = a.person_id AND t.series_no = a.series_no AND w.first_position = a.position
INNER JOIN filled AS b
    ON t.person_id = b.person_id AND t.series_no = b.series_no AND w.second_position = b.position
INNER JOIN interval AS v ON a.given_on = v.given_on AND w.rule_no = v.rule_no
WHERE b.given_on >= v.earliest_next_on
