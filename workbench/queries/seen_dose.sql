-- seen_dose: every recorded dose of a part of the persons, with whose it is and whether it is possible.
-- Params   $part INTEGER  one of the parts into which the persons are divided, so that a city fits
--          $mask INTEGER  their number less one (a power of two)
-- Reads    about, asked, coded_dose, person
-- Returns  one row per dose, in no order
--          dose_id BIGINT, person_id BIGINT, birth_date DATE, sex_no TINYINT, vaccine_no SMALLINT, product_no SMALLINT,
--          is_lawful BOOLEAN, given_on DATE, legal_no TINYINT, is_unknown BOOLEAN, impossible_no TINYINT
-- Nulls    birth_date: unknown; vaccine_no: a vaccine without a code; product_no: none recorded, or of no matter
-- Privacy  pseudonymous rows, one per dose: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
-- Joined to persons first, so that doses are joined once.
whose AS (
    SELECT
        p.person_id,
        p.birth_date,
        CASE p.sex WHEN 'M' THEN 1 WHEN 'F' THEN 2 ELSE 0 END::TINYINT AS sex_no,
        coalesce(p.birth_date, p.birth_earliest) AS earliest_on,
        CASE WHEN p.residency = 'died' THEN p.resident_until + 1 END AS latest_on,
        coalesce(q.extracted_on, (SELECT max(a.extracted_on) FROM about AS a)) AS extracted_on
    FROM person AS p
    LEFT JOIN asked AS q ON p.person_id = q.person_id
    WHERE (p.person_id & $mask::INTEGER) = $part::INTEGER
)

SELECT
    d.dose_id,
    d.person_id,
    p.birth_date,
    p.sex_no,
    d.vaccine_no,
    d.product_no,
    d.is_lawful,
    d.given_on,
    d.legal_no,
    d.is_unknown,
    CASE
        WHEN d.given_on < p.earliest_on THEN 1
        WHEN d.given_on > p.latest_on THEN 2
        WHEN d.given_on > p.extracted_on THEN 3
        ELSE 0
    END::TINYINT AS impossible_no
FROM coded_dose AS d
INNER JOIN whose AS p ON d.person_id = p.person_id
WHERE (d.person_id & $mask::INTEGER) = $part::INTEGER
