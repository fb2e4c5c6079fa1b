-- next_dose: from when the doses recorded so far allow the next ones.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    dose_in_series, interval, slot, slot_interval
-- Returns  one row per person and slot that waits for, or came after, a recorded dose; in no order
--          person_id BIGINT, slot VARCHAR, has_previous BOOLEAN, earliest_next_on DATE, standard_from DATE,
--          standard_until DATE
-- Nulls    earliest_next_on: no interval is prescribed; standard_*: no standard interval is given
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0006-one-status-per-slot.md
WITH
-- Which dose of a series bears on which slot: the one just before, and any that a rule counts from.
bearing AS (
    SELECT
        s.series,
        s.position - 1 AS dose_position,
        s.slot,
        TRUE AS is_previous,
        i.rule
    FROM slot AS s
    LEFT JOIN slot_interval AS i ON s.slot = i.slot AND s.position - 1 = i.after_position
    UNION ALL
    SELECT
        s.series,
        i.after_position AS dose_position,
        s.slot,
        FALSE AS is_previous,
        i.rule
    FROM slot AS s
    INNER JOIN slot_interval AS i ON s.slot = i.slot AND s.position - 1 <> i.after_position
)

SELECT
    d.person_id,
    b.slot,
    bool_or(b.is_previous) AS has_previous,
    max(v.earliest_next_on) AS earliest_next_on,
    max(v.standard_from) AS standard_from,
    max(v.standard_until) AS standard_until
FROM dose_in_series AS d
INNER JOIN bearing AS b ON d.series = b.series AND d.dose_position = b.dose_position
LEFT JOIN interval AS v ON d.given_on = v.given_on AND b.rule = v.rule
WHERE d.slot IS NOT NULL
GROUP BY d.person_id, b.slot
