-- fed_dose: the doses that count in a series which the person's history needs.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    birth_choice, choice_group, choice_series, person_choice, possible_dose, series, series_days, series_vaccine,
--          special
-- Returns  one row per dose and series that counts it, in no order
--          person_id BIGINT, series VARCHAR, episode BIGINT, vaccine VARCHAR, product VARCHAR, stage VARCHAR,
--          dose_no SMALLINT, given_on DATE, legal_class VARCHAR, clinic VARCHAR, source VARCHAR, birth_date DATE,
--          known_product VARCHAR, lawful_from DATE, lawful_until DATE, kind VARCHAR, has_variants BOOLEAN
-- Nulls    birth_date: unknown; known_product, lawful_*: none recorded, or of no matter
-- Privacy  pseudonymous rows, one per dose: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
feeding AS (
    SELECT
        f.*,
        r.choice_group,
        r.episode,
        r.has_variants
    FROM series_vaccine AS f
    INNER JOIN series AS r ON f.series = r.series
),

-- Series between which nothing is to choose, and whose days do not depend on age: most doses.
plain AS (
    SELECT
        d.*,
        f.series,
        f.episode,
        f.has_variants
    FROM possible_dose AS d
    INNER JOIN feeding AS f
        ON
            d.counts_as = f.vaccine AND NOT f.by_age AND f.sex IN ('*', d.sex)
            AND coalesce(d.birth_date BETWEEN f.births_from AND f.births_until, TRUE)
    LEFT JOIN (SELECT DISTINCT g.choice_group, g.effective_from FROM choice_group AS g) AS g
        ON f.choice_group = g.choice_group
    WHERE f.choice_group IS NULL OR d.given_on < g.effective_from
),

chosen AS (
    SELECT
        d.*,
        f.series,
        f.episode,
        f.has_variants
    FROM possible_dose AS d
    INNER JOIN feeding AS f
        ON
            d.counts_as = f.vaccine AND f.choice_group IS NOT NULL AND f.sex IN ('*', d.sex)
            AND coalesce(d.birth_date BETWEEN f.births_from AND f.births_until, TRUE)
    INNER JOIN (SELECT DISTINCT g.choice_group, g.effective_from FROM choice_group AS g) AS g
        ON f.choice_group = g.choice_group AND d.given_on >= g.effective_from
    LEFT JOIN series_days AS y
        ON f.by_age AND d.birth_date = y.birth_date AND f.series = y.series AND f.vaccine = y.vaccine
    LEFT JOIN person_choice AS c
        ON
            d.person_id = c.person_id AND f.choice_group = c.choice_group
            AND c.season = CASE
                WHEN f.episode = 'season' THEN year(d.given_on) - CASE WHEN month(d.given_on) < 4 THEN 1 ELSE 0 END
                ELSE 0
            END
    INNER JOIN choice_series AS s ON c.choice = s.choice AND f.series = s.series
    WHERE NOT f.by_age OR d.given_on BETWEEN y.from_on AND y.until_on
),

aged AS (
    SELECT
        d.*,
        f.series,
        f.episode,
        f.has_variants
    FROM possible_dose AS d
    INNER JOIN feeding AS f
        ON
            d.counts_as = f.vaccine AND f.by_age AND f.choice_group IS NULL AND f.sex IN ('*', d.sex)
            AND d.birth_date BETWEEN f.births_from AND f.births_until
    INNER JOIN series_days AS y
        ON
            d.birth_date = y.birth_date AND f.series = y.series AND f.vaccine = y.vaccine
            AND d.given_on BETWEEN y.from_on AND y.until_on
),

fed AS (
    SELECT * FROM plain
    UNION ALL
    SELECT * FROM chosen
    UNION ALL
    SELECT * FROM aged
),

-- A dose in pregnancy belongs to the first delivery expected from two weeks before it on, else to the last.
pregnancy AS (
    SELECT
        f.person_id,
        f.given_on,
        coalesce(min(s.reason_end_on) FILTER (WHERE s.reason_end_on >= f.given_on - 14), max(s.reason_end_on)) AS due_on
    FROM fed AS f
    INNER JOIN special AS s ON f.person_id = s.person_id AND f.vaccine = s.vaccine AND s.kind = 'pregnancy'
    WHERE f.episode = 'pregnancy'
    GROUP BY f.person_id, f.given_on
)

SELECT
    f.person_id,
    f.series,
    CASE f.episode
        WHEN 'season' THEN year(f.given_on) - CASE WHEN month(f.given_on) < 4 THEN 1 ELSE 0 END
        WHEN 'pregnancy' THEN coalesce(p.due_on - DATE '1900-01-01', 0)
        ELSE 0
    END AS episode,
    f.vaccine,
    f.product,
    f.stage,
    f.dose_no,
    f.given_on,
    f.legal_class,
    f.clinic,
    f.source,
    f.birth_date,
    f.known_product,
    f.lawful_from,
    f.lawful_until,
    f.kind,
    f.has_variants
FROM fed AS f
LEFT JOIN pregnancy AS p ON f.episode = 'pregnancy' AND f.person_id = p.person_id AND f.given_on = p.given_on
