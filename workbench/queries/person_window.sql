-- person_window: the window of each person in each slot as it is known on a day.
-- Params   $as_of DATE  the day asked about
-- Reads    own_window_as_of, person_as_of, window
-- Returns  one row per person and slot with a window, in no order
--          person_id BIGINT, birth_date DATE, birth_school_year BIGINT, sex VARCHAR, district VARCHAR, as_of DATE,
--          fiscal_year BIGINT, is_resident BOOLEAN, slot_no SMALLINT, own_episode INTEGER, opens_on DATE,
--          standard_from DATE, standard_until DATE, closes_on DATE
-- Nulls    birth_date, birth_school_year: unknown, and a pregnancy decides
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
known AS (
    SELECT *
    FROM "window"
    WHERE
        cohort = ''
        AND known_from <= (SELECT max(p.as_of) FROM person_as_of AS p)
        AND known_until >= (SELECT min(p.as_of) FROM person_as_of AS p)
)

SELECT
    p.person_id,
    p.birth_date,
    p.birth_school_year,
    p.sex,
    p.district,
    p.as_of,
    p.fiscal_year,
    p.is_resident,
    w.slot_no,
    0 AS own_episode,
    w.opens_on,
    w.standard_from,
    w.standard_until,
    w.closes_on
FROM person_as_of AS p
INNER JOIN known AS w ON p.birth_date = w.birth_date AND p.as_of BETWEEN w.known_from AND w.known_until
ANTI JOIN own_window_as_of AS o ON p.person_id = o.person_id AND w.slot_no = o.slot_no
UNION ALL
SELECT
    p.person_id,
    p.birth_date,
    p.birth_school_year,
    p.sex,
    p.district,
    p.as_of,
    p.fiscal_year,
    p.is_resident,
    o.slot_no,
    o.own_episode,
    o.opens_on,
    o.standard_from,
    o.standard_until,
    o.closes_on
FROM person_as_of AS p
INNER JOIN own_window_as_of AS o ON p.person_id = o.person_id AND o.is_current
