-- other_series: who began with another vaccine and so does not need a series (4種混合 instead of 5種混合).
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    about, dose, dose_in_series, person, series_instead
-- Returns  one row per person and series not needed, in no order
--          person_id BIGINT, series VARCHAR
-- Nulls    none
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0006-one-status-per-slot.md
WITH
begun AS (
    SELECT
        d.person_id,
        si.series,
        min(d.given_on) AS first_on
    FROM dose AS d
    INNER JOIN series_instead AS si ON d.vaccine = si.vaccine
    INNER JOIN person AS p ON d.person_id = p.person_id
    WHERE
        d.given_on <= $as_of::DATE
        AND d.given_on <= (SELECT max(a.extracted_on) FROM about AS a)
        AND d.given_on >= coalesce(p.birth_date, p.birth_earliest, d.given_on)
    GROUP BY d.person_id, si.series
)

SELECT
    b.person_id,
    b.series
FROM begun AS b
LEFT JOIN dose_in_series AS d
    ON b.person_id = d.person_id AND b.series = d.series AND d.dose_position = 1 AND d.slot IS NOT NULL
WHERE d.given_on IS NULL OR b.first_on < d.given_on
