-- window_of_own: the windows of persons for whom more than the birth date decides; they fill the table own_window.
-- Params   none
-- Reads    cohort_slot, long_term_window, person, special, special_window, window
-- Returns  one row per person, slot, episode and span of days on which the window is the answer, in no order
--          person_id BIGINT, episode INTEGER, slot_no SMALLINT, known_from DATE, known_until DATE, opens_on DATE,
--          standard_from DATE, standard_until DATE, closes_on DATE
-- Nulls    none; episode is 0 but for pregnancies
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
SELECT
    i.person_id,
    0::INTEGER AS episode,
    i.slot_no,
    i.known_from,
    i.known_until,
    i.opens_on,
    i.standard_from,
    i.standard_until,
    i.closes_on
FROM long_term_window AS i
UNION ALL
SELECT
    m.person_id,
    0::INTEGER AS episode,
    w.slot_no,
    w.known_from,
    w.known_until,
    w.opens_on,
    w.standard_from,
    w.standard_until,
    w.closes_on
FROM cohort_slot AS m
INNER JOIN person AS p ON m.person_id = p.person_id
INNER JOIN "window" AS w ON p.birth_date = w.birth_date AND m.slot_no = w.slot_no AND m.cohort = w.cohort
ANTI JOIN long_term_window AS i ON m.person_id = i.person_id AND m.slot_no = i.slot_no
UNION ALL
SELECT DISTINCT
    s.person_id,
    (s.reason_end_on - DATE '1900-01-01')::INTEGER AS episode,
    w.slot_no,
    w.known_from,
    w.known_until,
    w.opens_on,
    w.standard_from,
    w.standard_until,
    w.closes_on
FROM special AS s
INNER JOIN special_window AS w
    ON s.kind = w.kind AND s.vaccine = w.vaccine AND s.reason_end_on = w.reason_end_on AND w.kind = 'pregnancy'
