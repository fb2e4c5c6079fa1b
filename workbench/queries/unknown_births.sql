-- unknown_births: residents whose day of birth is unknown (不詳), whom no window and no cohort can take in.
-- Params   $as_of DATE  the day asked about
-- Reads    person, person_as_of
-- Returns  one row per precision and span of days, ordered by birth_date_precision, birth_earliest, birth_latest
--          birth_date_precision VARCHAR, birth_earliest DATE, birth_latest DATE, persons BIGINT
-- Nulls    birth_earliest, birth_latest: nothing is known
-- Privacy  raw counts: disclosure stands between this and any reader outside the section
-- Why      docs/decisions/0006-one-status-per-slot.md
SELECT
    p.birth_date_precision,
    p.birth_earliest,
    p.birth_latest,
    count(*) AS persons
FROM person AS p
INNER JOIN person_as_of AS r ON p.person_id = r.person_id
WHERE r.is_resident AND p.birth_date IS NULL
GROUP BY p.birth_date_precision, p.birth_earliest, p.birth_latest
ORDER BY p.birth_date_precision, p.birth_earliest, p.birth_latest
