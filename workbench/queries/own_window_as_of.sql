-- own_window_as_of: the windows of their own that persons have, with the pregnancy of the day.
-- Params   $as_of DATE  the day asked about
-- Reads    own_window, person_as_of
-- Returns  one row per person, slot, episode and span of days on which the window is the answer, in no order
--          person_id BIGINT, slot_no SMALLINT, is_current BOOLEAN, own_episode INTEGER, opens_on DATE,
--          standard_from DATE, standard_until DATE, closes_on DATE
-- Nulls    none; is_current: the window to go by on the day
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
-- The pregnancy of the day: the first delivery expected from two weeks before it on, else the last.
own AS (
    SELECT
        o.*,
        p.as_of,
        coalesce(
            min(o.episode) FILTER (WHERE o.episode >= p.as_of - DATE '1900-01-01' - 14)
                OVER (PARTITION BY o.person_id, o.slot_no),
            max(o.episode) OVER (PARTITION BY o.person_id, o.slot_no)
        ) AS current_episode
    FROM own_window AS o
    INNER JOIN person_as_of AS p ON o.person_id = p.person_id
)

SELECT
    person_id,
    slot_no,
    as_of BETWEEN known_from AND known_until AND episode IN (0, current_episode) AS is_current,
    episode AS own_episode,
    opens_on,
    standard_from,
    standard_until,
    closes_on
FROM own
