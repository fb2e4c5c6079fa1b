-- districts: every district that residents live in or the code list names.
-- Params   none
-- Reads    district, person
-- Returns  one row per district, ordered by district
--          district VARCHAR, district_name VARCHAR
-- Nulls    none: - stands for no district recorded, and a code without a name for itself
-- Privacy  nothing about persons
-- Why      design: section 5
SELECT
    p.district,
    coalesce(d.name, p.district) AS district_name
FROM (
    SELECT coalesce(district, '-') AS district
    FROM person
    UNION
    SELECT district
    FROM district
) AS p
LEFT JOIN district AS d ON p.district = d.district
ORDER BY p.district
