-- fed_dose: the doses that count in each series in the order of their dates, needed by the person's history or not.
-- Params   $part INTEGER  one of the parts into which the persons are divided, so that a city fits
--          $mask INTEGER  their number less one (a power of two)
-- Reads    possible_dose, pregnancy_dose, series, series_days, series_vaccine
-- Returns  one row per dose and series that counts it, in no order
--          dose_id BIGINT, person_id BIGINT, birth_date DATE, vaccine_no SMALLINT, product_no SMALLINT,
--          is_lawful BOOLEAN, given_on DATE, legal_no TINYINT, series_no SMALLINT, has_variants BOOLEAN,
--          is_pregnancy BOOLEAN, episode INTEGER, nth SMALLINT, is_duplicate BOOLEAN
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

fed AS (
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
    LEFT JOIN pregnancy_dose AS p ON d.dose_id = p.dose_id
    WHERE NOT f.by_age OR coalesce(d.given_on BETWEEN y.from_on AND y.until_on, TRUE)
)

-- Of several doses on one day the 定期 one counts.
SELECT
    dose_id,
    person_id,
    birth_date,
    vaccine_no,
    product_no,
    is_lawful,
    given_on,
    legal_no,
    series_no,
    has_variants,
    is_pregnancy,
    episode,
    dense_rank() OVER (PARTITION BY person_id, series_no, episode ORDER BY given_on)::SMALLINT AS nth,
    coalesce(given_on = lag(given_on) OVER (
        PARTITION BY person_id, series_no, episode
        ORDER BY given_on, legal_no, vaccine_no, product_no, dose_id
    ), FALSE) AS is_duplicate
FROM fed
