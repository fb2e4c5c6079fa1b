-- cohort_slot: the slots in which a person's membership of a cohort decides about the window.
-- Params   none
-- Reads    person_cohort, slot
-- Returns  one row per person, slot and cohort, in no order
--          person_id BIGINT, slot_no SMALLINT, cohort VARCHAR
-- Nulls    none
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
SELECT DISTINCT
    m.person_id,
    s.display_order AS slot_no,
    m.cohort
FROM person_cohort AS m
INNER JOIN slot AS s ON m.cohort = s.cohort AND coalesce(m.vaccine = s.vaccine, TRUE)
