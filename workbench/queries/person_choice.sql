-- person_choice: which row of the statute's choices fits the history of each person who has one.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    choice, choice_group, person, person_cohort, possible_dose
-- Returns  one row per person, group and 年度 (0: the whole life), in no order; none where nothing is recorded
--          person_id BIGINT, choice_group VARCHAR, season BIGINT, choice SMALLINT
-- Nulls    none
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
recorded AS (
    SELECT
        d.person_id,
        g.choice_group,
        CASE
            WHEN g.episode = 'season' THEN year(d.given_on) - CASE WHEN month(d.given_on) < 4 THEN 1 ELSE 0 END
            ELSE 0
        END AS season,
        d.bit,
        (d.given_on - DATE '1900-01-01') * 100 + g.vaccine_order AS nth
    FROM possible_dose AS d
    INNER JOIN choice_group AS g ON d.vaccine = g.vaccine AND d.given_on >= g.effective_from
    WHERE d.counts_as = d.vaccine
    UNION ALL
    SELECT
        m.person_id,
        c.choice_group,
        0 AS season,
        0 AS bit,
        99999999 AS nth
    FROM person_cohort AS m
    INNER JOIN choice AS c ON m.cohort = c.cohort
),

history AS (
    SELECT
        person_id,
        choice_group,
        season,
        bit_or(bit) AS bits,
        arg_min(bit, nth) AS first_bit
    FROM recorded
    GROUP BY person_id, choice_group, season
)

SELECT
    h.person_id,
    h.choice_group,
    h.season,
    min(c.choice) AS choice
FROM history AS h
INNER JOIN person AS p ON h.person_id = p.person_id
INNER JOIN choice AS c
    ON
        h.choice_group = c.choice_group
        AND (c.any_of = 0 OR (h.bits & c.any_of) <> 0)
        AND (c.also_any_of = 0 OR (h.bits & c.also_any_of) <> 0)
        AND (c.first = 0 OR (h.first_bit & c.first) <> 0)
        AND coalesce(p.birth_date BETWEEN c.births_from AND c.births_until, TRUE)
        AND $as_of::DATE BETWEEN c.effective_from AND c.effective_to
LEFT JOIN (SELECT DISTINCT m.person_id, m.cohort FROM person_cohort AS m) AS x
    ON h.person_id = x.person_id AND c.cohort = x.cohort
WHERE c.cohort IS NULL OR x.cohort IS NOT NULL
GROUP BY h.person_id, h.choice_group, h.season
