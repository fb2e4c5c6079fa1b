-- person_choice: which row of the statute's choices fits the history of each person who has one.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    choice, person_cohort, recorded_history
-- Returns  one row per person, group and 年度 (0: the whole life) with anything recorded, in no order
--          person_id BIGINT, group_no SMALLINT, season INTEGER, choice SMALLINT
-- Nulls    none
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
member AS (
    SELECT DISTINCT
        m.person_id,
        m.cohort
    FROM person_cohort AS m
)

SELECT
    h.person_id,
    h.group_no,
    h.season,
    min(c.choice) AS choice
FROM recorded_history AS h
INNER JOIN choice AS c
    ON
        h.group_no = c.group_no
        AND (c.any_of = 0 OR (h.bits & c.any_of) <> 0)
        AND (c.also_any_of = 0 OR (h.bits & c.also_any_of) <> 0)
        AND (c.first = 0 OR (h.first_bit & c.first) <> 0)
        AND coalesce(h.birth_date BETWEEN c.births_from AND c.births_until, TRUE)
        AND h.as_of BETWEEN c.effective_from AND c.effective_to
LEFT JOIN member AS x ON h.person_id = x.person_id AND c.cohort = x.cohort
WHERE c.cohort IS NULL OR x.cohort IS NOT NULL
GROUP BY h.person_id, h.group_no, h.season
