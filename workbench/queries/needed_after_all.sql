-- needed_after_all: slots of a shortened series that a person needs, because the dose before came too soon.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    asked, interval, judged, waive
-- Returns  one row per person and slot, in no order
--          person_id BIGINT, slot_no SMALLINT
-- Nulls    none
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
SELECT DISTINCT
    b.person_id,
    w.slot_no
FROM judged AS b
INNER JOIN waive AS w
    ON b.series_no = w.series_no AND b.variant_no = w.variant_no AND b.position = w.second_position
INNER JOIN judged AS a
    ON b.person_id = a.person_id AND b.series_no = a.series_no AND w.first_position = a.position
INNER JOIN interval AS v ON a.given_on = v.given_on AND w.rule_no = v.rule_no
LEFT JOIN asked AS q ON b.person_id = q.person_id
WHERE b.given_on < v.earliest_next_on AND b.given_on <= coalesce(q.as_of, $as_of::DATE)
