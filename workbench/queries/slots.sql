-- slots: every slot of the schedule with its name, in the order of the tables.
-- Params   none
-- Reads    programme, slot
-- Returns  one row per slot, ordered by display_order, slot
--          slot VARCHAR, slot_label VARCHAR, programme VARCHAR, programme_name VARCHAR, sex VARCHAR,
--          display_order SMALLINT
-- Nulls    none
-- Privacy  nothing about persons
-- Why      design: section 4
SELECT
    s.slot,
    s.label AS slot_label,
    s.programme,
    p.name AS programme_name,
    s.sex,
    s.display_order
FROM slot AS s
INNER JOIN programme AS p ON s.programme = p.programme
ORDER BY s.display_order, s.slot
