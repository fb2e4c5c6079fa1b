-- recorded_history: what decides about the statute's choices in a person's history: vaccines received, and the first.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    asked, choice, choice_group, judged, long_term_vaccine, person, person_cohort, series
-- Returns  one row per person, group and 年度 (0: the whole life) with anything recorded, in no order
--          person_id BIGINT, birth_date DATE, as_of DATE, group_no SMALLINT, season INTEGER, bits BIGINT,
--          first_bit BIGINT
-- Nulls    birth_date: unknown
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
-- nth: doses by day and order, then 特例 by order, then cohorts
recorded AS (
    SELECT
        j.person_id,
        j.birth_date,
        coalesce(q.as_of, $as_of::DATE) AS as_of,
        g.group_no,
        j.episode AS season,
        1::BIGINT << j.vaccine_no AS vaccine_bit,
        1::BIGINT << j.vaccine_no AS dose_bit,
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
        0 AS dose_bit,
        99999999 AS nth
    FROM person_cohort AS m
    INNER JOIN choice AS c ON m.cohort = c.cohort
    INNER JOIN person AS p ON m.person_id = p.person_id
    LEFT JOIN asked AS q ON m.person_id = q.person_id
    UNION ALL
    SELECT
        t.person_id,
        p.birth_date,
        coalesce(q.as_of, $as_of::DATE) AS as_of,
        t.group_no,
        0 AS season,
        1::BIGINT << t.vaccine_no AS vaccine_bit,
        0 AS dose_bit,
        99990000 + t.vaccine_order AS nth
    FROM long_term_vaccine AS t
    INNER JOIN person AS p ON t.person_id = p.person_id
    LEFT JOIN asked AS q ON t.person_id = q.person_id
    WHERE t.reason_end_on <= coalesce(q.as_of, $as_of::DATE)
)

SELECT
    person_id,
    any_value(birth_date) AS birth_date,
    any_value(as_of) AS as_of,
    group_no,
    season,
    CASE WHEN bit_or(dose_bit) <> 0 THEN bit_or(dose_bit) ELSE arg_min(vaccine_bit, nth) END AS bits,
    arg_min(dose_bit, nth) AS first_bit
FROM recorded
GROUP BY person_id, group_no, season
