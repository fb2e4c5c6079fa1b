-- birth_asked: every birth date of the snapshot, and every possible one, with every day that is asked about for it.
-- Params   $as_of DATE  the day asked about
-- Reads    person, person_as_of, possible_birth
-- Returns  one row per birth date and day asked about, in no order
--          birth_date DATE, as_of DATE
-- Nulls    birth_date: unknown
-- Privacy  nothing about one person: for other queries
-- Why      docs/decisions/0011-evaluation.md
SELECT
    birth_date,
    as_of
FROM person_as_of
UNION
SELECT
    b.birth_date,
    r.as_of
FROM person AS p
INNER JOIN person_as_of AS r ON p.person_id = r.person_id
INNER JOIN possible_birth AS b ON p.birth_earliest = b.birth_earliest AND p.birth_latest = b.birth_latest
WHERE p.birth_date IS NULL
