-- next_dose: from when the doses recorded so far allow the others of their series.
-- Params   $as_of DATE                  the day asked about; a later dose is not seen
--          $seasons_from DATE = $as_of  of seasonal programmes only doses from the 年度 of this day on are looked at
-- Reads    interval, placed_dose, slot_interval
-- Returns  one row per person and slot with an interval to a recorded dose, in no order
--          person_id BIGINT, slot_no SMALLINT, earliest_next_on DATE, standard_from DATE, standard_until DATE
-- Nulls    standard_*: no standard interval is given
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
    WHERE slot_no IS NOT NULL AND series_no IN (SELECT i.series_no FROM slot_interval AS i)
)

SELECT
    f.person_id,
    i.slot_no,
    max(v.earliest_next_on) AS earliest_next_on,
    max(v.standard_from) AS standard_from,
    max(v.standard_until) AS standard_until
FROM filled AS f
INNER JOIN slot_interval AS i
    ON f.series_no = i.series_no AND f.variant_no = i.variant_no AND f.dose_position = i.after_position
INNER JOIN interval AS v ON f.given_on = v.given_on AND i.rule_no = v.rule_no
-- The rule of the day: that on which the slot was filled, else the day asked about.
LEFT JOIN filled AS t ON f.person_id = t.person_id AND f.series_no = t.series_no AND i.position = t.dose_position
WHERE coalesce(t.given_on, $as_of::DATE) BETWEEN i.effective_from AND i.effective_to
GROUP BY f.person_id, i.slot_no
