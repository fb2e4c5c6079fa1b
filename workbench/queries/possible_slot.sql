-- possible_slot: how widely and how narrowly the window of each slot can be read between the bounds of a birth.
-- Params   $as_of DATE  the day asked about
-- Reads    possible_birth, possible_window
-- Returns  one row per span of births, day asked about, slot and has_history, in no order
--          birth_earliest DATE, birth_latest DATE, as_of DATE, slot_no SMALLINT, has_history BOOLEAN,
--          widest_from DATE, widest_until DATE, narrowest_from DATE, narrowest_until DATE, may_be_open BOOLEAN
-- Nulls    narrowest_from, narrowest_until: no day lies in the window of every birth. Rows with has_history are for
--          persons whose records could call for another series or variant: every slot with a window concerns them
-- Privacy  nothing about one person: for other queries
-- Why      docs/decisions/0012-unknown-birth.md
WITH
span AS (
    SELECT
        birth_earliest,
        birth_latest,
        count(*) AS births
    FROM possible_birth
    GROUP BY birth_earliest, birth_latest
),

reading AS (
    SELECT
        s.birth_earliest,
        s.birth_latest,
        w.as_of,
        w.slot_no,
        h.has_history,
        count(*) AS births,
        min(w.opens_on) AS widest_from,
        max(w.closes_on) AS widest_until,
        max(w.opens_on) AS last_opens_on,
        min(w.closes_on) AS first_closes_on,
        bool_or(w.as_of BETWEEN w.opens_on AND w.closes_on) AS may_be_open
    FROM possible_birth AS s
    INNER JOIN possible_window AS w ON s.birth_date = w.birth_date
    CROSS JOIN (VALUES (FALSE), (TRUE)) AS h (has_history)
    WHERE w.is_needed OR h.has_history
    GROUP BY s.birth_earliest, s.birth_latest, w.as_of, w.slot_no, h.has_history
)

SELECT
    r.birth_earliest,
    r.birth_latest,
    r.as_of,
    r.slot_no,
    r.has_history,
    r.widest_from,
    r.widest_until,
    CASE WHEN r.births = s.births AND r.last_opens_on <= r.first_closes_on THEN r.last_opens_on END AS narrowest_from,
    CASE WHEN r.births = s.births AND r.last_opens_on <= r.first_closes_on THEN r.first_closes_on END
        AS narrowest_until,
    r.may_be_open
FROM reading AS r
INNER JOIN span AS s ON r.birth_earliest = s.birth_earliest AND r.birth_latest = s.birth_latest
