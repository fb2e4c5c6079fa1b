-- dose_interval: from when the earlier doses of its series allowed each dose that fills a slot.
-- Params   $part INTEGER  one of the parts into which the persons are divided, so that a city fits
--          $mask INTEGER  their number less one (a power of two)
-- Reads    interval, placed_dose, slot_interval
-- Returns  one row per dose and series with an interval to an earlier dose, in no order
--          dose_id BIGINT, series_no SMALLINT, earliest_on DATE, standard_from DATE, standard_until DATE
-- Nulls    standard_*: no standard interval is given
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
        given_on,
        1::BIGINT << vaccine_no AS vaccine_bit
    FROM placed_dose
    WHERE slot_no IS NOT NULL AND series_no IN (SELECT i.series_no FROM slot_interval AS i)
)

SELECT
    t.dose_id,
    t.series_no,
    max(v.earliest_next_on) AS earliest_on,
    max(v.standard_from) AS standard_from,
    max(v.standard_until) AS standard_until
FROM filled AS t
INNER JOIN slot_interval AS i
    ON
        t.series_no = i.series_no AND t.variant_no = i.variant_no AND t.position = i.position
        AND (i.vaccines & t.vaccine_bit) <> 0
        AND t.given_on BETWEEN i.effective_from AND i.effective_to
INNER JOIN filled AS e
    ON t.person_id = e.person_id AND t.series_no = e.series_no AND i.after_position = e.position
INNER JOIN interval AS v ON e.given_on = v.given_on AND i.rule_no = v.rule_no
GROUP BY t.dose_id, t.series_no
