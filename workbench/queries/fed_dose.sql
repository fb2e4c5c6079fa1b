-- fed_dose: the doses that count in each series, whether or not the person's history needs it.
-- Params   $part INTEGER  one of the parts into which the persons are divided, so that a city fits
--          $mask INTEGER  their number less one (a power of two)
-- Reads    possible_dose, series, series_days, series_vaccine, special, vaccine
-- Returns  one row per dose and series that counts it, in no order
--          dose_id BIGINT, person_id BIGINT, birth_date DATE, vaccine_no SMALLINT, product_no SMALLINT,
--          is_lawful BOOLEAN, given_on DATE, legal_no TINYINT, series_no SMALLINT, has_variants BOOLEAN,
--          is_pregnancy BOOLEAN, episode INTEGER
-- Nulls    birth_date: unknown; product_no: none recorded, or of no matter
-- Privacy  pseudonymous rows, one per dose: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
feeding AS (
    SELECT
        f.*,
        r.episode AS episode_kind,
        r.has_variants
    FROM series_vaccine AS f
    INNER JOIN series AS r ON f.series_no = r.series_no
),

-- A dose in pregnancy belongs to the first delivery expected from two weeks before it on, else to the last.
pregnancy AS (
    SELECT
        d.dose_id,
        coalesce(min(s.reason_end_on) FILTER (WHERE s.reason_end_on >= d.given_on - 14), max(s.reason_end_on)) AS due_on
    FROM possible_dose AS d
    INNER JOIN vaccine AS v ON d.vaccine_no = v.vaccine_no
    INNER JOIN special AS s ON d.person_id = s.person_id AND v.vaccine = s.vaccine AND s.kind = 'pregnancy'
    GROUP BY d.dose_id
)

SELECT
    d.* EXCLUDE (sex_no, counts_as),
    f.series_no,
    f.has_variants,
    f.episode_kind = 'pregnancy' AS is_pregnancy,
    CASE f.episode_kind
        WHEN 'season' THEN year(d.given_on) - CASE WHEN month(d.given_on) < 4 THEN 1 ELSE 0 END
        WHEN 'pregnancy' THEN coalesce(p.due_on - DATE '1900-01-01', 0)
        ELSE 0
    END::INTEGER AS episode
FROM possible_dose AS d
INNER JOIN feeding AS f
    ON
        d.counts_as = f.vaccine_no AND (f.sex_no = 0 OR d.sex_no IN (0, f.sex_no))
        AND coalesce(d.birth_date BETWEEN f.births_from AND f.births_until, TRUE)
LEFT JOIN series_days AS y
    ON f.by_age AND d.birth_date = y.birth_date AND f.series_no = y.series_no AND f.vaccine_no = y.vaccine_no
LEFT JOIN pregnancy AS p ON d.dose_id = p.dose_id
WHERE NOT f.by_age OR coalesce(d.given_on BETWEEN y.from_on AND y.until_on, TRUE)
