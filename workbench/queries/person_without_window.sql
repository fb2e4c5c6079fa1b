-- person_without_window: the slots in which a person has no window on a day.
-- Params   $as_of DATE  the day asked about
-- Reads    birth_asked, own_window_as_of, person_as_of, slot, window
-- Returns  one row per person and slot without a window, in no order
--          person_id BIGINT, birth_date DATE, birth_school_year BIGINT, sex VARCHAR, district VARCHAR,
--          is_resident BOOLEAN, as_of DATE, slot_no SMALLINT
-- Nulls    birth_date, birth_school_year: the day of birth is unknown
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
-- Whether there is a window is a matter of the birth date, but for the few who have windows of their own.
windowless AS (
    SELECT
        b.birth_date,
        b.as_of,
        s.display_order AS slot_no
    FROM birth_asked AS b
    CROSS JOIN slot AS s
    ANTI JOIN "window" AS w
        ON
            b.birth_date = w.birth_date AND s.display_order = w.slot_no AND w.cohort = ''
            AND b.as_of BETWEEN w.known_from AND w.known_until
),

own AS (
    SELECT
        o.person_id,
        o.slot_no,
        bool_or(o.is_current) AS is_known
    FROM own_window_as_of AS o
    GROUP BY o.person_id, o.slot_no
)

SELECT
    p.person_id,
    p.birth_date,
    p.birth_school_year,
    p.sex,
    p.district,
    p.is_resident,
    p.as_of,
    n.slot_no
FROM person_as_of AS p
INNER JOIN windowless AS n ON p.birth_date IS NOT DISTINCT FROM n.birth_date AND p.as_of = n.as_of
ANTI JOIN own AS o ON p.person_id = o.person_id AND n.slot_no = o.slot_no
UNION ALL
SELECT
    p.person_id,
    p.birth_date,
    p.birth_school_year,
    p.sex,
    p.district,
    p.is_resident,
    p.as_of,
    o.slot_no
FROM person_as_of AS p
INNER JOIN own AS o ON p.person_id = o.person_id
WHERE NOT o.is_known
