-- single_dose: doses of 麻しん or 風しん alone, and the series of MR in whose days each falls.
-- Params   $part INTEGER  one of the parts into which the persons are divided, so that a city fits
--          $mask INTEGER  their number less one (a power of two)
-- Reads    seen_dose, series_days, series_vaccine, vaccine
-- Returns  one row per dose, in no order
--          dose_id BIGINT, person_id BIGINT, birth_date DATE, given_on DATE, legal_no TINYINT, vaccine_no SMALLINT,
--          series_no SMALLINT, combined_no SMALLINT, is_measles BOOLEAN, is_possible BOOLEAN
-- Nulls    none
-- Privacy  pseudonymous rows, one per dose: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
code AS (
    SELECT
        max(v.vaccine_no) FILTER (WHERE v.vaccine = 'MR') AS combined,
        max(v.vaccine_no) FILTER (WHERE v.vaccine = 'M') AS measles,
        max(v.vaccine_no) FILTER (WHERE v.vaccine = 'R') AS rubella
    FROM vaccine AS v
)

SELECT
    d.dose_id,
    d.person_id,
    d.birth_date,
    d.given_on,
    d.legal_no,
    d.vaccine_no,
    f.series_no,
    c.combined AS combined_no,
    d.vaccine_no = c.measles AS is_measles,
    d.impossible_no = 0 AS is_possible
FROM seen_dose AS d
INNER JOIN code AS c ON d.vaccine_no IN (c.measles, c.rubella)
INNER JOIN series_vaccine AS f
    ON c.combined = f.vaccine_no AND f.by_age AND d.birth_date BETWEEN f.births_from AND f.births_until
INNER JOIN series_days AS y
    ON
        d.birth_date = y.birth_date AND f.series_no = y.series_no AND f.vaccine_no = y.vaccine_no
        AND d.given_on BETWEEN y.from_on AND y.until_on
