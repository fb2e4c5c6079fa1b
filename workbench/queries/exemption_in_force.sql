-- exemption_in_force: the reason for which a vaccine is not given to a person on a day, the first of several.
-- Params   $as_of DATE  the day asked about
-- Reads    exemption, person_as_of
-- Returns  one row per person and vaccine, in no order
--          person_id BIGINT, vaccine VARCHAR, reason VARCHAR
-- Nulls    none
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
SELECT
    e.person_id,
    e.vaccine,
    arg_min(
        e.reason,
        CASE e.reason
            WHEN 'had_disease' THEN 1
            WHEN 'contraindicated' THEN 2
            WHEN 'vaccinated_elsewhere' THEN 3
            ELSE 4
        END
    ) AS reason
FROM exemption AS e
INNER JOIN person_as_of AS p ON e.person_id = p.person_id
WHERE e.from_on <= p.as_of AND coalesce(e.until_on >= p.as_of, TRUE)
GROUP BY e.person_id, e.vaccine
