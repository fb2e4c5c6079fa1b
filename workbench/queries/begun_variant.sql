-- begun_variant: the variant that the first dose of a series decides.
-- Params   $part INTEGER  one of the parts into which the persons are divided, so that a city fits
--          $mask INTEGER  their number less one (a power of two)
-- Reads    fed_dose, variant
-- Returns  one row per person and series with variants, in no order
--          person_id BIGINT, series_no SMALLINT, variant_no SMALLINT
-- Nulls    none; no row where none fits
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
SELECT
    r.person_id,
    r.series_no,
    min(v.variant_no) AS variant_no
FROM fed_dose AS r
INNER JOIN variant AS v
    ON
        r.birth_date = v.birth_date AND r.series_no = v.series_no
        AND r.given_on BETWEEN v.first_from AND v.first_until
        AND (v.product_no IS NULL OR r.product_no = v.product_no)
WHERE r.has_variants AND r.nth = 1 AND NOT r.is_duplicate
GROUP BY r.person_id, r.series_no
