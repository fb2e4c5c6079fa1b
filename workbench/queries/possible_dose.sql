-- possible_dose: the recorded doses that can count; single doses of 麻しん and 風しん together make one of MR.
-- Params   $part INTEGER  one of the parts into which the persons are divided, so that a city fits
--          $mask INTEGER  their number less one (a power of two)
-- Reads    seen_dose, single_dose
-- Returns  one row per dose, and one more for a dose that completes a pair; in no order
--          dose_id BIGINT, person_id BIGINT, birth_date DATE, sex_no TINYINT, vaccine_no SMALLINT, product_no SMALLINT,
--          is_lawful BOOLEAN, given_on DATE, legal_no TINYINT, counts_as SMALLINT
-- Nulls    as seen_dose
-- Privacy  pseudonymous rows, one per dose: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
-- In the order of dates an M dose completes a pair when at most as many M as R have come, and an R dose likewise.
counted AS (
    SELECT
        dose_id,
        combined_no,
        is_measles,
        count(*) FILTER (WHERE is_measles) OVER so_far AS measles_count,
        count(*) FILTER (WHERE NOT is_measles) OVER so_far AS rubella_count
    FROM single_dose
    WHERE is_possible
    WINDOW so_far AS (
        PARTITION BY person_id, series_no
        ORDER BY given_on, vaccine_no, legal_no, dose_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
),

completing AS (
    SELECT
        dose_id,
        combined_no
    FROM counted
    WHERE CASE WHEN is_measles THEN measles_count <= rubella_count ELSE rubella_count <= measles_count END
)

SELECT
    d.dose_id,
    d.person_id,
    d.birth_date,
    d.sex_no,
    d.vaccine_no,
    d.product_no,
    d.is_lawful,
    d.given_on,
    d.legal_no,
    d.vaccine_no AS counts_as
FROM seen_dose AS d
WHERE NOT d.is_unknown AND d.impossible_no = 0
UNION ALL
SELECT
    d.dose_id,
    d.person_id,
    d.birth_date,
    d.sex_no,
    d.vaccine_no,
    d.product_no,
    d.is_lawful,
    d.given_on,
    d.legal_no,
    c.combined_no AS counts_as
FROM seen_dose AS d
INNER JOIN completing AS c ON d.dose_id = c.dose_id
