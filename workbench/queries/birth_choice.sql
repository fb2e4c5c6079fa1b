-- birth_choice: which row of the statute's choices fits who has nothing recorded.
-- Params   $as_of DATE  the day asked about
-- Reads    birth_asked, choice
-- Returns  one row per birth date, day asked about and group, in no order
--          birth_date DATE, as_of DATE, group_no SMALLINT, choice SMALLINT
-- Nulls    birth_date: unknown
-- Privacy  nothing about one person
-- Why      docs/decisions/0011-evaluation.md
SELECT
    b.birth_date,
    b.as_of,
    c.group_no,
    min(c.choice) AS choice
FROM birth_asked AS b
INNER JOIN choice AS c
    ON
        coalesce(b.birth_date BETWEEN c.births_from AND c.births_until, TRUE)
        AND b.as_of BETWEEN c.effective_from AND c.effective_to
WHERE c.any_of = 0 AND c.also_any_of = 0 AND c.first = 0 AND c.cohort IS NULL
GROUP BY b.birth_date, b.as_of, c.group_no
