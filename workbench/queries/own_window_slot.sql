-- own_window_slot: who has windows of their own in which slots.
-- Params   none
-- Reads    own_window
-- Returns  one row per person and slot, in no order
--          person_id BIGINT, slot_no SMALLINT
-- Nulls    none
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
SELECT DISTINCT
    person_id,
    slot_no
FROM own_window
