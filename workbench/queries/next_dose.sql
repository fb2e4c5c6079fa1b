-- next_dose: from when the doses recorded so far allow the missing ones of their series.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    interval, judged, series_progress, slot_interval
-- Returns  one row per person, series and slot not filled that has an interval to a recorded dose, in no order
--          person_id BIGINT, series_no SMALLINT, slot_no SMALLINT, earliest_next_on DATE, standard_from DATE,
--          standard_until DATE
-- Nulls    standard_*: no standard interval is given
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
missing AS (
    SELECT
        a.person_id,
        a.series_no,
        a.as_of,
        i.slot_no,
        i.after_position,
        i.rule_no
    FROM series_progress AS a
    INNER JOIN slot_interval AS i
        ON
            a.series_no = i.series_no AND a.variant_no = i.variant_no AND a.next_position <= i.position
            AND i.is_ahead AND a.as_of BETWEEN i.effective_from AND i.effective_to
)

SELECT
    m.person_id,
    m.series_no,
    m.slot_no,
    max(v.earliest_next_on) AS earliest_next_on,
    max(v.standard_from) AS standard_from,
    max(v.standard_until) AS standard_until
FROM missing AS m
INNER JOIN judged AS e
    ON
        m.person_id = e.person_id AND m.series_no = e.series_no AND m.after_position = e.position
        AND m.as_of >= e.given_on
INNER JOIN interval AS v ON e.given_on = v.given_on AND m.rule_no = v.rule_no
GROUP BY m.person_id, m.series_no, m.slot_no
