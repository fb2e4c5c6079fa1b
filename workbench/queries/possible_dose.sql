-- possible_dose: the recorded doses that can count; single doses of 麻しん and 風しん together make one of MR.
-- Params   $part INTEGER  one of the parts into which the persons are divided, so that a city fits
--          $mask INTEGER  their number less one (a power of two)
-- Reads    seen_dose, series_days, series_vaccine, vaccine
-- Returns  one row per dose, and one more for a dose that completes a pair; in no order
--          dose_id BIGINT, person_id BIGINT, birth_date DATE, sex_no TINYINT, vaccine_no SMALLINT, product_no SMALLINT,
--          is_lawful BOOLEAN, given_on DATE, legal_no TINYINT, counts_as SMALLINT
-- Nulls    as seen_dose
-- Privacy  pseudonymous rows, one per dose: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
code AS (
    SELECT
        max(v.vaccine_no) FILTER (WHERE v.vaccine = 'MR') AS combined,
        max(v.vaccine_no) FILTER (WHERE v.vaccine = 'M') AS measles,
        max(v.vaccine_no) FILTER (WHERE v.vaccine = 'R') AS rubella
    FROM vaccine AS v
),

possible AS (
    SELECT * EXCLUDE (is_unknown, impossible_no)
    FROM seen_dose
    WHERE NOT is_unknown AND impossible_no = 0
),

-- In the order of dates an M dose completes a pair when at most as many M as R have come, and an R dose likewise.
single AS (
    SELECT
        d.*,
        c.combined,
        d.vaccine_no = c.measles AS is_measles,
        count(*) FILTER (WHERE d.vaccine_no = c.measles) OVER so_far AS measles_count,
        count(*) FILTER (WHERE d.vaccine_no = c.rubella) OVER so_far AS rubella_count
    FROM possible AS d
    INNER JOIN code AS c ON d.vaccine_no IN (c.measles, c.rubella)
    INNER JOIN series_vaccine AS f
        ON c.combined = f.vaccine_no AND f.by_age AND d.birth_date BETWEEN f.births_from AND f.births_until
    INNER JOIN series_days AS y
        ON
            d.birth_date = y.birth_date AND f.series_no = y.series_no AND f.vaccine_no = y.vaccine_no
            AND d.given_on BETWEEN y.from_on AND y.until_on
    WINDOW so_far AS (
        PARTITION BY d.person_id, f.series_no
        ORDER BY d.given_on, d.vaccine_no, d.legal_no, d.dose_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
)

SELECT
    dose_id,
    person_id,
    birth_date,
    sex_no,
    vaccine_no,
    product_no,
    is_lawful,
    given_on,
    legal_no,
    vaccine_no AS counts_as
FROM possible
UNION ALL
SELECT
    dose_id,
    person_id,
    birth_date,
    sex_no,
    vaccine_no,
    product_no,
    is_lawful,
    given_on,
    legal_no,
    combined AS counts_as
FROM single
WHERE CASE WHEN is_measles THEN measles_count <= rubella_count ELSE rubella_count <= measles_count END
