-- window_of_own: the windows of persons for whom more than the birth date decides; they fill the table own_window.
-- Params   none
-- Reads    person, person_cohort, slot, special, special_window, window
-- Returns  one row per person, slot, episode and span of days on which the window is the answer, in no order
--          person_id BIGINT, episode INTEGER, slot_no SMALLINT, known_from DATE, known_until DATE, opens_on DATE,
--          standard_from DATE, standard_until DATE, closes_on DATE
-- Nulls    none; episode is 0 but for pregnancies
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
member AS (
    SELECT DISTINCT
        m.person_id,
        s.display_order AS slot_no,
        m.cohort
    FROM person_cohort AS m
    INNER JOIN slot AS s ON m.cohort = s.cohort AND coalesce(m.vaccine = s.vaccine, TRUE)
),

long_term AS (
    SELECT
        s.person_id,
        s.vaccine,
        max(s.reason_end_on) AS reason_end_on
    FROM special AS s
    WHERE s.kind = 'long_term_care' AND s.reason_end_on IS NOT NULL
    GROUP BY s.person_id, s.vaccine
),

ill AS (
    SELECT
        n.person_id,
        w.* EXCLUDE (birth_date, kind, vaccine, reason_end_on, cohort)
    FROM long_term AS n
    INNER JOIN person AS p ON n.person_id = p.person_id
    INNER JOIN special_window AS w
        ON
            p.birth_date = w.birth_date AND n.vaccine = w.vaccine AND n.reason_end_on = w.reason_end_on
            AND w.kind = 'long_term_care'
    LEFT JOIN member AS m ON n.person_id = m.person_id AND w.slot_no = m.slot_no
    WHERE w.cohort = coalesce(m.cohort, '')
)

SELECT
    person_id,
    0::INTEGER AS episode,
    * EXCLUDE (person_id)
FROM ill
UNION ALL
SELECT
    m.person_id,
    0::INTEGER AS episode,
    w.* EXCLUDE (birth_date, cohort)
FROM member AS m
INNER JOIN person AS p ON m.person_id = p.person_id
INNER JOIN "window" AS w ON p.birth_date = w.birth_date AND m.slot_no = w.slot_no AND m.cohort = w.cohort
ANTI JOIN ill AS i ON m.person_id = i.person_id AND m.slot_no = i.slot_no
UNION ALL
SELECT DISTINCT
    s.person_id,
    (s.reason_end_on - DATE '1900-01-01')::INTEGER AS episode,
    w.* EXCLUDE (birth_date, kind, vaccine, reason_end_on, cohort)
FROM special AS s
INNER JOIN special_window AS w
    ON s.kind = w.kind AND s.vaccine = w.vaccine AND s.reason_end_on = w.reason_end_on AND w.kind = 'pregnancy'
