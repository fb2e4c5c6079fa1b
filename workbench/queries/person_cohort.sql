-- person_cohort: who belongs to a cohort that a birth date alone does not decide.
-- Params   $as_of DATE                  the day asked about; a later dose is not seen
--          $seasons_from DATE = $as_of  of seasonal programmes only doses from the 年度 of this day on are looked at
-- Reads    cohort, person, possible_dose, special
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
LEFT JOIN possible_dose AS d
    ON
        p.person_id = d.person_id AND c.vaccine_no = d.counts_as
        AND d.given_on BETWEEN c.given_from AND c.given_until
GROUP BY p.person_id, c.cohort, c.at_least, c.fewer_than
HAVING count(DISTINCT d.given_on) >= c.at_least AND count(DISTINCT d.given_on) < c.fewer_than
