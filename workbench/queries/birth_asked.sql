-- birth_asked: every birth date of the snapshot with every day that is asked about for it.
-- Params   $as_of DATE  the day asked about
-- Reads    person_as_of
-- Returns  one row per birth date and day asked about, in no order
--          birth_date DATE, as_of DATE
-- Nulls    birth_date: unknown
-- Privacy  nothing about one person: for other queries
-- Why      docs/decisions/0011-evaluation.md
SELECT DISTINCT
    birth_date,
    as_of
FROM person_as_of
