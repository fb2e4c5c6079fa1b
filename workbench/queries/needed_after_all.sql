-- needed_after_all: slots of a shortened series that a person needs, because the dose before came too soon.
-- Params   $as_of DATE                  the day asked about; a later dose is not seen
--          $seasons_from DATE = $as_of  of seasonal programmes only doses from the 年度 of this day on are looked at
-- Reads    interval, placed_dose, waive
-- Returns  one row per person and slot, in no order
--          person_id BIGINT, slot_no SMALLINT
-- Nulls    none
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
filled AS (
    SELECT
        person_id,
        series_no,
        variant_no,
        dose_position,
        given_on
    FROM placed_dose
    WHERE slot_no IS NOT NULL AND series_no IN (SELECT w.series_no FROM waive AS w)
)

SELECT DISTINCT
    a.person_id,
    w.slot_no
FROM waive AS w
INNER JOIN filled AS a
    ON w.series_no = a.series_no AND w.variant_no = a.variant_no AND w.first_position = a.dose_position
INNER JOIN filled AS b
    ON a.person_id = b.person_id AND a.series_no = b.series_no AND w.second_position = b.dose_position
INNER JOIN interval AS v ON a.given_on = v.given_on AND w.rule_no = v.rule_no
WHERE b.given_on < v.earliest_next_on
