-- own_window_as_of: the windows of their own that persons have, with the pregnancy of the day.
-- Params   $as_of DATE  the day asked about
-- Reads    own_window, person_as_of, special
-- Returns  one row per person, slot, episode and span of days on which the window is the answer, in no order
--          person_id BIGINT, slot_no SMALLINT, is_current BOOLEAN, own_episode INTEGER, opens_on DATE,
--          standard_from DATE, standard_until DATE, closes_on DATE
-- Nulls    none; is_current: the window to go by on the day
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
-- One whose days the law never reached has no window, and is the pregnancy of its days all the same.
expected AS (
    SELECT
        s.person_id,
        coalesce(
            min(s.reason_end_on) FILTER (WHERE s.reason_end_on >= p.as_of - 14), max(s.reason_end_on)
        ) - DATE '1900-01-01' AS episode
    FROM special AS s
    INNER JOIN person_as_of AS p ON s.person_id = p.person_id
    WHERE s.kind = 'pregnancy'
    GROUP BY s.person_id
)

SELECT
    o.person_id,
    o.slot_no,
    p.as_of BETWEEN o.known_from AND o.known_until AND o.episode IN (0, coalesce(e.episode, 0)) AS is_current,
    o.episode AS own_episode,
    o.opens_on,
    o.standard_from,
    o.standard_until,
    o.closes_on
FROM own_window AS o
INNER JOIN person_as_of AS p ON o.person_id = p.person_id
LEFT JOIN expected AS e ON o.person_id = e.person_id
