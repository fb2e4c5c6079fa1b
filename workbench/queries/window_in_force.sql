-- window_in_force: the window of each person and slot that has one on a day.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    own_window, person_as_of, window
-- Returns  one row per person and slot with a window, in no order
--          person_id BIGINT, birth_date DATE, birth_school_year BIGINT, sex VARCHAR, district VARCHAR, as_of DATE,
--          fiscal_year BIGINT, is_resident BOOLEAN, slot_no SMALLINT, own_episode INTEGER, opens_on DATE,
--          standard_from DATE, standard_until DATE, closes_on DATE
-- Nulls    birth_date, birth_school_year: the day of birth is unknown
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
),

-- The pregnancy of the day: the first delivery expected from two weeks before it on, else the last.
own AS (
    SELECT
        o.*,
        coalesce(
            min(o.episode) FILTER (WHERE o.episode >= p.as_of - DATE '1900-01-01' - 14)
                OVER (PARTITION BY o.person_id, o.slot_no),
            max(o.episode) OVER (PARTITION BY o.person_id, o.slot_no)
        ) AS current_episode
    FROM own_window AS o
    INNER JOIN person_as_of AS p ON o.person_id = p.person_id
)

SELECT
    p.*,
    w.slot_no,
    0 AS own_episode,
    w.opens_on,
    w.standard_from,
    w.standard_until,
    w.closes_on
FROM person_as_of AS p
INNER JOIN known AS w ON p.birth_date = w.birth_date AND p.as_of BETWEEN w.known_from AND w.known_until
ANTI JOIN own AS o ON p.person_id = o.person_id AND w.slot_no = o.slot_no
UNION ALL
SELECT
    p.*,
    o.slot_no,
    o.episode AS own_episode,
    o.opens_on,
    o.standard_from,
    o.standard_until,
    o.closes_on
FROM person_as_of AS p
INNER JOIN own AS o
    ON
        p.person_id = o.person_id AND p.as_of BETWEEN o.known_from AND o.known_until
        AND (o.episode = 0 OR o.episode = o.current_episode)
