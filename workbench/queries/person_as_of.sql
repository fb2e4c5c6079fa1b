-- person_as_of: every person of the snapshot as a cohort of a day needs them.
-- Params   $as_of DATE  the day asked about, for all whom `asked` does not ask about on a day of their own
-- Reads    asked, person
-- Returns  one row per person, in no order
--          person_id BIGINT, birth_date DATE, birth_school_year BIGINT, sex VARCHAR, district VARCHAR, as_of DATE,
--          fiscal_year BIGINT, is_resident BOOLEAN
-- Nulls    birth_date, birth_school_year: the day of birth is unknown (不詳); district is '-' where none is recorded
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0006-one-status-per-slot.md
WITH
dated AS (
    SELECT
        p.*,
        coalesce(q.as_of, $as_of::DATE) AS as_of
    FROM person AS p
    LEFT JOIN asked AS q ON p.person_id = q.person_id
)

SELECT
    person_id,
    birth_date,
    -- 学年: born 2 April y to 1 April y + 1 starts school together; a birth on 1 April belongs to the year before
    year(birth_date) - CASE WHEN month(birth_date) * 100 + day(birth_date) < 402 THEN 1 ELSE 0 END AS birth_school_year,
    sex,
    coalesce(district, '-') AS district,
    as_of,
    year(as_of) - CASE WHEN month(as_of) < 4 THEN 1 ELSE 0 END AS fiscal_year,
    residency <> 'not_registered'
    AND coalesce(resident_from <= as_of, TRUE)
    AND coalesce(resident_until >= as_of, residency = 'resident') AS is_resident
FROM dated
