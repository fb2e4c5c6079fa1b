-- near_other_vaccine: doses given before the minimum interval to an earlier dose of another vaccine had passed.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    between, possible_dose
-- Returns  one row per person, vaccine and day, in no order
--          person_id BIGINT, vaccine VARCHAR, given_on DATE
-- Nulls    none
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
concerned AS (
    SELECT
        d.person_id,
        d.vaccine,
        d.kind,
        d.given_on
    FROM possible_dose AS d
    SEMI JOIN "between" AS b
        ON d.kind IN (b.earlier, b.later) AND d.given_on BETWEEN b.effective_from AND b.effective_to
    WHERE d.counts_as = d.vaccine
),

-- Few persons have two days of vaccination so near to each other; only theirs are compared dose by dose.
near AS (
    SELECT DISTINCT gaps.person_id
    FROM (
        SELECT
            person_id,
            given_on - lag(given_on) OVER (PARTITION BY person_id ORDER BY given_on) AS gap
        FROM concerned
    ) AS gaps
    WHERE gaps.gap BETWEEN 1 AND (SELECT max(b.clear_days) FROM "between" AS b)
),

few AS (
    SELECT c.*
    FROM concerned AS c
    SEMI JOIN near AS n ON c.person_id = n.person_id
)

SELECT DISTINCT
    a.person_id,
    a.vaccine,
    a.given_on
FROM few AS a
INNER JOIN few AS e ON a.person_id = e.person_id AND a.vaccine <> e.vaccine AND e.given_on < a.given_on
INNER JOIN "between" AS b ON e.kind = b.earlier AND a.kind = b.later
WHERE a.given_on BETWEEN b.effective_from AND b.effective_to AND a.given_on <= e.given_on + b.clear_days
