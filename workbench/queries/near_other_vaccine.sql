-- near_other_vaccine: doses given before the minimum interval to an earlier dose of another vaccine had passed.
-- Params   $part INTEGER  one of the parts into which the persons are divided, so that a city fits
--          $mask INTEGER  their number less one (a power of two)
-- Reads    between, possible_dose, vaccine
-- Returns  one row per dose, in no order
--          dose_id BIGINT
-- Nulls    none
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
current_rule AS (
    SELECT *
    FROM "between"
    WHERE effective_to = DATE '9999-12-31'
),

former_rule AS (
    SELECT *
    FROM "between"
    WHERE effective_to < DATE '9999-12-31'
),

concerned AS (
    SELECT
        d.dose_id,
        d.person_id,
        d.vaccine_no,
        v.kind,
        d.given_on
    FROM possible_dose AS d
    INNER JOIN vaccine AS v ON d.vaccine_no = v.vaccine_no
    WHERE
        d.counts_as = d.vaccine_no
        AND (
            v.kind IN (SELECT c.later FROM current_rule AS c)
            OR d.given_on <= (SELECT max(f.effective_to) FROM former_rule AS f)
        )
),

kept_clear AS (
    SELECT
        v.kind,
        coalesce(max(b.clear_days), 0) AS clear_days
    FROM vaccine AS v
    LEFT JOIN "between" AS b ON v.kind = b.earlier
    GROUP BY v.kind
),

-- Few persons have a day of vaccination so near to the one before; only theirs are compared dose by dose. Of the doses
-- of one day that with the longest interval comes last, next to the following day.
near AS (
    SELECT DISTINCT gaps.person_id
    FROM (
        SELECT
            c.person_id,
            c.given_on > lag(c.given_on) OVER by_day
            AND c.given_on <= lag(c.given_on + k.clear_days) OVER by_day AS is_near
        FROM concerned AS c
        INNER JOIN kept_clear AS k ON c.kind = k.kind
        WINDOW by_day AS (PARTITION BY c.person_id ORDER BY c.given_on, k.clear_days)
    ) AS gaps
    WHERE gaps.is_near
),

few AS (
    SELECT c.*
    FROM concerned AS c
    SEMI JOIN near AS n ON c.person_id = n.person_id
)

SELECT DISTINCT a.dose_id
FROM few AS a
INNER JOIN few AS e ON a.person_id = e.person_id AND a.vaccine_no <> e.vaccine_no AND a.given_on > e.given_on
INNER JOIN "between" AS b ON e.kind = b.earlier AND a.kind = b.later
WHERE a.given_on BETWEEN b.effective_from AND b.effective_to AND a.given_on <= e.given_on + b.clear_days
