-- unbegun_variant: the variant of a series before any dose: that of a first dose on the day.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    person_as_of, variant
-- Returns  one row per birth date, day asked about and series with variants, in no order
--          birth_date DATE, as_of DATE, series_no SMALLINT, variant_no SMALLINT
-- Nulls    none
-- Privacy  nothing about one person
-- Why      docs/decisions/0011-evaluation.md
SELECT
    b.birth_date,
    b.as_of,
    v.series_no,
    min(v.variant_no) AS variant_no
FROM (SELECT DISTINCT p.birth_date, p.as_of FROM person_as_of AS p) AS b
INNER JOIN variant AS v
    ON b.birth_date = v.birth_date AND b.as_of BETWEEN v.first_from AND v.first_until AND v.product_no IS NULL
GROUP BY b.birth_date, b.as_of, v.series_no
