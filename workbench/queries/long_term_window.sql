-- long_term_window: the windows of persons whom a long illness kept from vaccination (長期療養特例).
-- Params   none
-- Reads    cohort_slot, person, special, special_window
-- Returns  one row per person, slot and span of days on which the window is the answer, in no order
--          person_id BIGINT, slot_no SMALLINT, known_from DATE, known_until DATE, opens_on DATE, standard_from DATE,
--          standard_until DATE, closes_on DATE
-- Nulls    none
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
long_term AS (
    SELECT
        s.person_id,
        s.vaccine,
        max(s.reason_end_on) AS reason_end_on
    FROM special AS s
    WHERE s.kind = 'long_term_care' AND s.reason_end_on IS NOT NULL
    GROUP BY s.person_id, s.vaccine
)

SELECT
    n.person_id,
    w.slot_no,
    w.known_from,
    w.known_until,
    w.opens_on,
    w.standard_from,
    w.standard_until,
    w.closes_on
FROM long_term AS n
INNER JOIN person AS p ON n.person_id = p.person_id
INNER JOIN special_window AS w
    ON
        p.birth_date = w.birth_date AND n.vaccine = w.vaccine AND n.reason_end_on = w.reason_end_on
        AND w.kind = 'long_term_care'
LEFT JOIN cohort_slot AS m ON n.person_id = m.person_id AND w.slot_no = m.slot_no
WHERE w.cohort = coalesce(m.cohort, '')
