-- unbegun_variant: the variant that a series would have if its first dose were given on the day asked about.
-- Params   $as_of DATE  the day asked about
-- Reads    birth_asked, variant
-- Returns  one row per birth date, day asked about and series with variants, in no order
--          birth_date DATE, as_of DATE, series_no SMALLINT, variant_no SMALLINT
-- Nulls    none
-- Privacy  nothing about one person: for other queries
-- Why      docs/decisions/0011-evaluation.md
SELECT
    b.birth_date,
    b.as_of,
    v.series_no,
    min(v.variant_no) AS variant_no
FROM birth_asked AS b
INNER JOIN variant AS v
    ON b.birth_date = v.birth_date AND b.as_of BETWEEN v.first_from AND v.first_until AND v.product_no IS NULL
GROUP BY b.birth_date, b.as_of, v.series_no
