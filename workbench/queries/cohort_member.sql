-- cohort_member: who belongs to a cohort that a birth date alone does not decide; it fills the table person_cohort.
-- Params   none
-- Reads    about, asked, cohort, dose, person, product, special, vaccine
-- Returns  one row per person, cohort and vaccine, in no order
--          person_id BIGINT, cohort VARCHAR, vaccine VARCHAR
-- Nulls    vaccine: the membership concerns every slot of the cohort
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
-- Until when a dose can have been given.
whose AS (
    SELECT
        p.person_id,
        p.birth_date,
        least(
            CASE WHEN p.residency = 'died' THEN p.resident_until + 1 END,
            coalesce(q.extracted_on, (SELECT max(a.extracted_on) FROM about AS a))
        ) AS latest_on
    FROM person AS p
    LEFT JOIN asked AS q ON p.person_id = q.person_id
)

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
FROM whose AS p
INNER JOIN cohort AS c ON c.special IS NULL AND p.birth_date BETWEEN c.births_from AND c.births_until
INNER JOIN vaccine AS v ON c.vaccine_no = v.vaccine_no
LEFT JOIN dose AS d
    ON
        p.person_id = d.person_id AND v.vaccine = d.vaccine
        AND d.given_on BETWEEN greatest(c.given_from, p.birth_date) AND least(c.given_until, p.latest_on)
LEFT JOIN product AS r ON d.vaccine = r.vaccine AND d.product = r.name
GROUP BY p.person_id, c.cohort, c.at_least, c.fewer_than
HAVING
    count(DISTINCT d.given_on) FILTER (
        WHERE NOT (v.has_products AND coalesce(d.product, '') <> '' AND r.name IS NULL)
    ) >= c.at_least
    AND count(DISTINCT d.given_on) FILTER (
        WHERE NOT (v.has_products AND coalesce(d.product, '') <> '' AND r.name IS NULL)
    ) < c.fewer_than
