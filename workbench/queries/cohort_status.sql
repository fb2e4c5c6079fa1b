-- cohort_status: how the residents of each birth cohort stand with one slot, status by status, so that they add up.
-- Params   $as_of DATE                the day asked about
--          $closing_days INTEGER      a legal end within so many days makes a slot `closing`
--          $slot VARCHAR              the slot
--          $first_birth_year INTEGER  first school year of birth (2 April to 1 April)
--          $last_birth_year INTEGER   last school year of birth, included
--          $district VARCHAR          one district, or * for all
-- Reads    slot_status
-- Returns  one row per school year of birth, status and reason, ordered by birth_school_year, status, reason
--          birth_school_year BIGINT, status VARCHAR, reason VARCHAR, persons BIGINT
-- Nulls    none
-- Privacy  raw counts: disclosure stands between this and any reader outside the section
-- Why      docs/decisions/0006-one-status-per-slot.md
SELECT
    birth_school_year,
    status,
    reason,
    count(*) AS persons
FROM slot_status
WHERE
    slot = $slot::VARCHAR
    AND is_resident
    AND birth_school_year BETWEEN $first_birth_year::INTEGER AND $last_birth_year::INTEGER
    AND $district::VARCHAR IN ('*', district)
GROUP BY birth_school_year, status, reason
ORDER BY birth_school_year, status, reason
