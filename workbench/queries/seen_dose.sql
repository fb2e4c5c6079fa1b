-- seen_dose: every recorded dose of a part of the persons, with what it can count as; numbers instead of names.
-- Params   $part INTEGER  one of the parts into which the persons are divided, so that a city fits
--          $mask INTEGER  their number less one (a power of two)
-- Reads    about, dose, person, product, vaccine
-- Returns  one row per dose, in no order
--          dose_id BIGINT, person_id BIGINT, birth_date DATE, sex_no TINYINT, vaccine_no SMALLINT, product_no SMALLINT,
--          is_lawful BOOLEAN, given_on DATE, legal_no TINYINT, is_unknown BOOLEAN, impossible_no TINYINT
-- Nulls    birth_date: unknown; vaccine_no: a vaccine without a code; product_no: none recorded, or of no matter
-- Privacy  pseudonymous rows, one per dose: for other queries
-- Why      docs/decisions/0011-evaluation.md
SELECT
    d.rowid AS dose_id,
    d.person_id,
    p.birth_date,
    CASE p.sex WHEN 'M' THEN 1 WHEN 'F' THEN 2 ELSE 0 END::TINYINT AS sex_no,
    v.vaccine_no,
    r.product_no,
    coalesce(d.given_on BETWEEN r.effective_from AND r.effective_to, TRUE) AS is_lawful,
    d.given_on,
    CASE d.legal_class WHEN 'routine' THEN 0 WHEN 'temporary' THEN 1 ELSE 2 END::TINYINT AS legal_no,
    v.vaccine_no IS NULL OR coalesce(v.has_products AND d.product <> '' AND r.product IS NULL, FALSE) AS is_unknown,
    CASE
        WHEN d.given_on < coalesce(p.birth_date, p.birth_earliest) THEN 1
        WHEN p.residency = 'died' AND d.given_on > p.resident_until + 1 THEN 2
        WHEN d.given_on > (SELECT max(a.extracted_on) FROM about AS a) THEN 3
        ELSE 0
    END::TINYINT AS impossible_no
FROM dose AS d
INNER JOIN person AS p ON d.person_id = p.person_id
LEFT JOIN vaccine AS v ON d.vaccine = v.vaccine
LEFT JOIN product AS r ON d.vaccine = r.vaccine AND d.product = r.name
WHERE (d.person_id & $mask::INTEGER) = $part::INTEGER
