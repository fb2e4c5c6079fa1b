-- needed_after_all: slots of a shortened series that a person needs, because the dose before came too soon.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    interval, placed_dose, waive
-- Returns  one row per person and slot, in no order
--          person_id BIGINT, slot VARCHAR
-- Nulls    none
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
SELECT DISTINCT
    a.person_id,
    w.slot
FROM waive AS w
INNER JOIN placed_dose AS a
    ON w.series = a.series AND w.variant = a.variant AND w.first_position = a.dose_position AND a.slot IS NOT NULL
INNER JOIN placed_dose AS b
    ON a.person_id = b.person_id AND w.series = b.series AND w.second_position = b.dose_position AND b.slot IS NOT NULL
INNER JOIN interval AS v ON a.given_on = v.given_on AND w.rule = v.rule
WHERE b.given_on < v.earliest_next_on
