-- person_choice: which row of the statute's choices fits the history of each person who has one.
-- Params   $as_of DATE                  the day asked about; a later dose is not seen
--          $seasons_from DATE = $as_of  of seasonal programmes only doses from the 年度 of this day on are looked at
-- Reads    choice, choice_group, person, person_cohort, possible_dose
-- Returns  one row per person, group and 年度 (0: the whole life), in no order; none where nothing is recorded
--          person_id BIGINT, group_no SMALLINT, season BIGINT, choice SMALLINT
-- Nulls    none
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
recorded AS (
    SELECT
        d.person_id,
        g.group_no,
        CASE
            WHEN g.episode = 'season' THEN year(d.given_on) - CASE WHEN month(d.given_on) < 4 THEN 1 ELSE 0 END
            ELSE 0
        END AS season,
        1::BIGINT << d.vaccine_no AS bit,
        (d.given_on - DATE '1800-01-01') * 100 + g.vaccine_order AS nth
    FROM possible_dose AS d
    INNER JOIN choice_group AS g ON d.vaccine_no = g.vaccine_no AND d.given_on >= g.effective_from
    WHERE d.counts_as = d.vaccine_no
    UNION ALL
    SELECT
        m.person_id,
        c.group_no,
        0 AS season,
        0 AS bit,
        99999999 AS nth
    FROM person_cohort AS m
    INNER JOIN choice AS c ON m.cohort = c.cohort
),

history AS (
    SELECT
        person_id,
        group_no,
        season,
        bit_or(bit) AS bits,
        arg_min(bit, nth) AS first_bit
    FROM recorded
    GROUP BY person_id, group_no, season
)

SELECT
    h.person_id,
    h.group_no,
    h.season,
    min(c.choice) AS choice
FROM history AS h
INNER JOIN person AS p ON h.person_id = p.person_id
INNER JOIN choice AS c
    ON
        h.group_no = c.group_no
        AND (c.any_of = 0 OR (h.bits & c.any_of) <> 0)
        AND (c.also_any_of = 0 OR (h.bits & c.also_any_of) <> 0)
        AND (c.first = 0 OR (h.first_bit & c.first) <> 0)
        AND coalesce(p.birth_date BETWEEN c.births_from AND c.births_until, TRUE)
        AND $as_of::DATE BETWEEN c.effective_from AND c.effective_to
LEFT JOIN (SELECT DISTINCT m.person_id, m.cohort FROM person_cohort AS m) AS x
    ON h.person_id = x.person_id AND c.cohort = x.cohort
WHERE c.cohort IS NULL OR x.cohort IS NOT NULL
GROUP BY h.person_id, h.group_no, h.season
