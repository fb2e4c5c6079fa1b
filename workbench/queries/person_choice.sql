-- person_choice: which row of the statute's choices fits the history of each person who has one.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    asked, choice, choice_group, judged, person, person_cohort, series
-- Returns  one row per person, group and 年度 (0: the whole life) with anything recorded, in no order
--          person_id BIGINT, group_no SMALLINT, season INTEGER, choice SMALLINT
-- Nulls    none
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
recorded AS (
    SELECT
        j.person_id,
        j.birth_date,
        coalesce(q.as_of, $as_of::DATE) AS as_of,
        g.group_no,
        j.episode AS season,
        1::BIGINT << j.vaccine_no AS vaccine_bit,
        (j.given_on - DATE '1800-01-01') * 100 + g.vaccine_order AS nth
    FROM judged AS j
    INNER JOIN series AS r ON j.series_no = r.series_no
    INNER JOIN choice_group AS g
        ON r.group_no = g.group_no AND j.vaccine_no = g.vaccine_no AND j.given_on >= g.effective_from
    LEFT JOIN asked AS q ON j.person_id = q.person_id
    WHERE j.given_on <= coalesce(q.as_of, $as_of::DATE)
    UNION ALL
    SELECT
        m.person_id,
        p.birth_date,
        coalesce(q.as_of, $as_of::DATE) AS as_of,
        c.group_no,
        0 AS season,
        0 AS vaccine_bit,
        99999999 AS nth
    FROM person_cohort AS m
    INNER JOIN choice AS c ON m.cohort = c.cohort
    INNER JOIN person AS p ON m.person_id = p.person_id
    LEFT JOIN asked AS q ON m.person_id = q.person_id
),

history AS (
    SELECT
        person_id,
        any_value(birth_date) AS birth_date,
        any_value(as_of) AS as_of,
        group_no,
        season,
        bit_or(vaccine_bit) AS bits,
        arg_min(vaccine_bit, nth) AS first_bit
    FROM recorded
    GROUP BY person_id, group_no, season
),

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
FROM history AS h
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
