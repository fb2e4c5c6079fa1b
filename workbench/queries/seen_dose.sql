-- seen_dose: every recorded dose up to a day, with what it can count as; numbers instead of names, so that a city fits.
-- Params   $as_of DATE                  the day asked about; a later dose is not seen
--          $seasons_from DATE = $as_of  of seasonal programmes only doses from the 年度 of this day on are looked at
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
WHERE
    d.given_on <= $as_of::DATE
    AND (
        d.vaccine NOT IN (SELECT k.vaccine FROM vaccine AS k WHERE k.is_seasonal)
        OR d.given_on >= make_date(
            year($seasons_from::DATE) - CASE WHEN month($seasons_from::DATE) < 4 THEN 1 ELSE 0 END, 4, 1
        )
    )
