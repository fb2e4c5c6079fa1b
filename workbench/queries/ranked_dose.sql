-- ranked_dose: the doses of each series in the order of their dates; of several on one day the 定期 one counts.
-- Params   $part INTEGER  one of the parts into which the persons are divided, so that a city fits
--          $mask INTEGER  their number less one (a power of two)
-- Reads    fed_dose
-- Returns  one row per dose and series that counts it, in no order
--          dose_id BIGINT, person_id BIGINT, birth_date DATE, vaccine_no SMALLINT, product_no SMALLINT,
--          is_lawful BOOLEAN, given_on DATE, legal_no TINYINT, series_no SMALLINT, has_variants BOOLEAN,
--          is_pregnancy BOOLEAN, episode INTEGER, nth SMALLINT, is_duplicate BOOLEAN
-- Nulls    birth_date: unknown; product_no: none recorded, or of no matter
-- Privacy  pseudonymous rows, one per dose: for other queries
-- Why      docs/decisions/0011-evaluation.md
SELECT
    *,
    dense_rank() OVER (PARTITION BY person_id, series_no, episode ORDER BY given_on)::SMALLINT AS nth,
    coalesce(given_on = lag(given_on) OVER (
        PARTITION BY person_id, series_no, episode
        ORDER BY given_on, legal_no, vaccine_no, product_no, dose_id
    ), FALSE) AS is_duplicate
FROM fed_dose
