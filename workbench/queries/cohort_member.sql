-- cohort_member: who belongs to a cohort that a birth date alone does not decide; it fills the table person_cohort.
-- Params   none
-- Reads    cohort, dose, person, product, special, vaccine
-- Returns  one row per person, cohort and vaccine, in no order
--          person_id BIGINT, cohort VARCHAR, vaccine VARCHAR
-- Nulls    vaccine: the membership concerns every slot of the cohort
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
SELECT DISTINCT
    s.person_id,
    c.cohort,
    s.vaccine
FROM special AS s
INNER JOIN cohort AS c ON s.kind = c.special
UNION ALL
SELECT
    p.person_id,
    c.cohort,
    NULL AS vaccine
FROM person AS p
INNER JOIN cohort AS c ON c.special IS NULL AND p.birth_date BETWEEN c.births_from AND c.births_until
INNER JOIN vaccine AS v ON c.vaccine_no = v.vaccine_no
LEFT JOIN dose AS d
    ON
        p.person_id = d.person_id AND v.vaccine = d.vaccine
        AND d.given_on BETWEEN greatest(c.given_from, p.birth_date) AND c.given_until
LEFT JOIN product AS r ON d.vaccine = r.vaccine AND d.product = r.name
GROUP BY p.person_id, c.cohort, c.at_least, c.fewer_than
HAVING
    count(DISTINCT d.given_on) FILTER (
        WHERE NOT (v.has_products AND coalesce(d.product, '') <> '' AND r.name IS NULL)
        AND NOT (p.residency = 'died' AND d.given_on > p.resident_until + 1)
    ) >= c.at_least
    AND count(DISTINCT d.given_on) FILTER (
        WHERE NOT (v.has_products AND coalesce(d.product, '') <> '' AND r.name IS NULL)
        AND NOT (p.residency = 'died' AND d.given_on > p.resident_until + 1)
    ) < c.fewer_than
