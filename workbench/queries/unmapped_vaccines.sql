-- unmapped_vaccines: recorded vaccines and products that no rule names, for a person to map.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    dose, product, vaccine
-- Returns  one row per vaccine and product, ordered by vaccine, product
--          vaccine VARCHAR, product VARCHAR, unmapped VARCHAR, doses BIGINT, first_given_on DATE, last_given_on DATE
-- Nulls    product: not recorded
-- Privacy  raw counts, and words as they were recorded: for the section
-- Why      docs/decisions/0011-evaluation.md
SELECT
    d.vaccine,
    d.product,
    CASE WHEN v.vaccine IS NULL THEN 'vaccine' ELSE 'product' END AS unmapped,
    count(*) AS doses,
    min(d.given_on) AS first_given_on,
    max(d.given_on) AS last_given_on
FROM dose AS d
LEFT JOIN vaccine AS v ON d.vaccine = v.vaccine
LEFT JOIN product AS p ON d.vaccine = p.vaccine AND d.product = p.name
WHERE d.given_on <= $as_of::DATE AND (v.vaccine IS NULL OR (v.has_products AND d.product <> '' AND p.product IS NULL))
GROUP BY ALL
ORDER BY d.vaccine, d.product
