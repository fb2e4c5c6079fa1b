-- seen_dose: every recorded dose up to a day, with what it can count as.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    about, dose, person, product, vaccine
-- Returns  one row per dose, in no order
--          person_id BIGINT, vaccine VARCHAR, product VARCHAR, stage VARCHAR, dose_no SMALLINT, given_on DATE,
--          legal_class VARCHAR, clinic VARCHAR, source VARCHAR, birth_date DATE, sex VARCHAR, bit BIGINT, kind VARCHAR,
--          known_product VARCHAR, lawful_from DATE, lawful_until DATE, is_unknown BOOLEAN, impossible VARCHAR
-- Nulls    birth_date: unknown; bit, kind: a vaccine without a code; known_product, lawful_*: none recorded, or of no
--          matter; impossible: the dose is possible
-- Privacy  pseudonymous rows, one per dose: for other queries
-- Why      docs/decisions/0011-evaluation.md
SELECT
    d.person_id,
    d.vaccine,
    d.product,
    d.stage,
    d.dose_no,
    d.given_on,
    d.legal_class,
    d.clinic,
    d.source,
    p.birth_date,
    p.sex,
    v.bit,
    v.kind,
    r.product AS known_product,
    r.effective_from AS lawful_from,
    r.effective_to AS lawful_until,
    v.vaccine IS NULL OR (v.has_products AND d.product <> '' AND r.product IS NULL) AS is_unknown,
    CASE
        WHEN d.given_on < coalesce(p.birth_date, p.birth_earliest) THEN 'before_birth'
        WHEN p.residency = 'died' AND d.given_on > p.resident_until + 1 THEN 'after_death'
        WHEN d.given_on > (SELECT max(a.extracted_on) FROM about AS a) THEN 'future'
    END AS impossible
FROM dose AS d
INNER JOIN person AS p ON d.person_id = p.person_id
LEFT JOIN vaccine AS v ON d.vaccine = v.vaccine
LEFT JOIN product AS r ON d.vaccine = r.vaccine AND d.product = r.name
WHERE d.given_on <= $as_of::DATE
