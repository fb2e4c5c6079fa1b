-- person_as_of: every person of the snapshot as a cohort of a day needs them.
-- Params   $as_of DATE  the day asked about
-- Reads    person
-- Returns  one row per person, in no order
--          person_id BIGINT, birth_date DATE, birth_school_year BIGINT, sex VARCHAR, district VARCHAR,
--          is_resident BOOLEAN
-- Nulls    birth_date, birth_school_year: the day of birth is unknown (不詳); district is '-' where none is recorded
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0006-one-status-per-slot.md
SELECT
    person_id,
    birth_date,
    -- 学年: born 2 April y to 1 April y + 1 starts school together; a birth on 1 April belongs to the year before
    year(birth_date) - CASE WHEN month(birth_date) * 100 + day(birth_date) < 402 THEN 1 ELSE 0 END AS birth_school_year,
    sex,
    coalesce(district, '-') AS district,
    residency <> 'not_registered'
    AND coalesce(resident_from <= $as_of::DATE, TRUE)
    AND coalesce(resident_until >= $as_of::DATE, residency = 'resident') AS is_resident
FROM person
