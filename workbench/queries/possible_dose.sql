-- possible_dose: the recorded doses that can count; single doses of 麻しん and 風しん together make one of MR.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    seen_dose, series_days, series_vaccine
-- Returns  one row per dose, in no order
--          person_id BIGINT, vaccine VARCHAR, product VARCHAR, stage VARCHAR, dose_no SMALLINT, given_on DATE,
--          legal_class VARCHAR, clinic VARCHAR, source VARCHAR, birth_date DATE, sex VARCHAR, bit BIGINT, kind VARCHAR,
--          known_product VARCHAR, lawful_from DATE, lawful_until DATE, counts_as VARCHAR
-- Nulls    as seen_dose
-- Privacy  pseudonymous rows, one per dose: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
-- In the order of dates an M dose completes a pair when at most as many M as R have come, and an R dose likewise.
single AS (
    SELECT
        s.*,
        count(*) FILTER (WHERE s.vaccine = 'M') OVER so_far AS measles,
        count(*) FILTER (WHERE s.vaccine = 'R') OVER so_far AS rubella
    FROM seen_dose AS s
    INNER JOIN series_vaccine AS f
        ON f.vaccine = 'MR' AND f.by_age AND s.birth_date BETWEEN f.births_from AND f.births_until
    INNER JOIN series_days AS y
        ON
            s.birth_date = y.birth_date AND f.series = y.series AND f.vaccine = y.vaccine
            AND s.given_on BETWEEN y.from_on AND y.until_on
    WHERE s.vaccine IN ('M', 'R') AND NOT s.is_unknown AND s.impossible IS NULL
    WINDOW so_far AS (
        PARTITION BY s.person_id, f.series
        ORDER BY s.given_on, s.vaccine, s.legal_class, s.stage, s.dose_no, s.clinic, s.product, s.source
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
)

SELECT
    * EXCLUDE (is_unknown, impossible),
    vaccine AS counts_as
FROM seen_dose
WHERE NOT is_unknown AND impossible IS NULL
UNION ALL
SELECT
    * EXCLUDE (is_unknown, impossible, measles, rubella),
    'MR' AS counts_as
FROM single
WHERE CASE vaccine WHEN 'M' THEN measles <= rubella ELSE rubella <= measles END
