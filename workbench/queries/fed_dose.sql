-- fed_dose: the doses that count in a series which the person's history needs.
-- Params   $as_of DATE                  the day asked about; a later dose is not seen
--          $seasons_from DATE = $as_of  of seasonal programmes only doses from the 年度 of this day on are looked at
-- Reads    choice_group, choice_series, person_choice, possible_dose, series, series_days, series_vaccine, special,
--          vaccine
-- Returns  one row per dose and series that counts it, in no order
--          dose_id BIGINT, person_id BIGINT, birth_date DATE, vaccine_no SMALLINT, product_no SMALLINT,
--          is_lawful BOOLEAN, given_on DATE, legal_no TINYINT, series_no SMALLINT, has_variants BOOLEAN, episode BIGINT
-- Nulls    birth_date: unknown; product_no: none recorded, or of no matter
-- Privacy  pseudonymous rows, one per dose: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
feeding AS (
    SELECT DISTINCT
        f.*,
        r.group_no,
        r.episode AS episode_kind,
        r.has_variants,
        g.effective_from AS chosen_from
    FROM series_vaccine AS f
    INNER JOIN series AS r ON f.series_no = r.series_no
    LEFT JOIN choice_group AS g ON r.group_no = g.group_no
),

aged AS (
    SELECT
        d.* EXCLUDE (sex_no, counts_as),
        f.series_no,
        f.group_no,
        f.episode_kind,
        f.has_variants,
        d.given_on >= f.chosen_from AS is_chosen,
        CASE f.episode_kind
            WHEN 'season' THEN year(d.given_on) - CASE WHEN month(d.given_on) < 4 THEN 1 ELSE 0 END
            ELSE 0
        END AS season
    FROM possible_dose AS d
    INNER JOIN feeding AS f
        ON
            d.counts_as = f.vaccine_no AND (f.sex_no = 0 OR d.sex_no IN (0, f.sex_no))
            AND coalesce(d.birth_date BETWEEN f.births_from AND f.births_until, TRUE)
    LEFT JOIN series_days AS y
        ON f.by_age AND d.birth_date = y.birth_date AND f.series_no = y.series_no AND f.vaccine_no = y.vaccine_no
    WHERE NOT f.by_age OR d.given_on BETWEEN y.from_on AND y.until_on
),

needed AS (
    SELECT * EXCLUDE (group_no, is_chosen)
    FROM aged
    WHERE NOT coalesce(is_chosen, FALSE)
    UNION ALL
    SELECT a.* EXCLUDE (group_no, is_chosen)
    FROM aged AS a
    INNER JOIN person_choice AS c ON a.person_id = c.person_id AND a.group_no = c.group_no AND a.season = c.season
    INNER JOIN choice_series AS s ON c.choice = s.choice AND a.series_no = s.series_no
    WHERE a.is_chosen
),

-- A dose in pregnancy belongs to the first delivery expected from two weeks before it on, else to the last.
pregnancy AS (
    SELECT
        n.dose_id,
        coalesce(min(s.reason_end_on) FILTER (WHERE s.reason_end_on >= n.given_on - 14), max(s.reason_end_on)) AS due_on
    FROM needed AS n
    INNER JOIN vaccine AS v ON n.vaccine_no = v.vaccine_no
    INNER JOIN special AS s ON n.person_id = s.person_id AND v.vaccine = s.vaccine AND s.kind = 'pregnancy'
    WHERE n.episode_kind = 'pregnancy'
    GROUP BY n.dose_id
)

SELECT
    n.* EXCLUDE (episode_kind, season),
    n.season AS episode
FROM needed AS n
WHERE n.episode_kind <> 'pregnancy'
UNION ALL
SELECT
    n.* EXCLUDE (episode_kind, season),
    coalesce(p.due_on - DATE '1900-01-01', 0) AS episode
FROM needed AS n
LEFT JOIN pregnancy AS p ON n.dose_id = p.dose_id
WHERE n.episode_kind = 'pregnancy'
