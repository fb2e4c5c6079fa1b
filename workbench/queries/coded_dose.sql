-- coded_dose: every recorded dose, with numbers instead of names.
-- Params   none
-- Reads    dose, product, vaccine
-- Returns  one row per dose, in no order
--          dose_id BIGINT, person_id BIGINT, vaccine_no SMALLINT, product_no SMALLINT, is_lawful BOOLEAN,
--          given_on DATE, legal_no TINYINT, is_unknown BOOLEAN
-- Nulls    vaccine_no: a vaccine without a code; product_no: none recorded, or of no matter
-- Privacy  pseudonymous rows, one per dose: for other queries
-- Why      docs/decisions/0011-evaluation.md
SELECT
    d.rowid AS dose_id,
    d.person_id,
    v.vaccine_no,
    r.product_no,
    coalesce(d.given_on BETWEEN r.effective_from AND r.effective_to, TRUE) AS is_lawful,
    d.given_on,
    CASE d.legal_class WHEN 'routine' THEN 0 WHEN 'temporary' THEN 1 ELSE 2 END::TINYINT AS legal_no,
    v.vaccine_no IS NULL OR coalesce(v.has_products AND d.product <> '' AND r.product IS NULL, FALSE) AS is_unknown
FROM dose AS d
LEFT JOIN vaccine AS v ON d.vaccine = v.vaccine
LEFT JOIN product AS r ON d.vaccine = r.vaccine AND d.product = r.name
