-- filled_slot: the doses that fill a slot, of seasons only those asked about.
-- Params   $as_of DATE  the day asked about
-- Reads    judged, person_as_of, series
-- Returns  one row per dose and series in which it fills a slot, in no order
--          person_id BIGINT, series_no SMALLINT, episode INTEGER, slot_no SMALLINT, given_on DATE,
--          evaluation VARCHAR, standard_from DATE, standard_until DATE
-- Nulls    standard_*: no standard interval
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
-- Doses of other seasons are half of a city's.
asked_about AS (
    SELECT
        min(fiscal_year) AS first_season,
        max(fiscal_year) AS last_season
    FROM person_as_of
)

SELECT
    j.person_id,
    j.series_no,
    j.episode,
    j.slot_no,
    j.given_on,
    j.evaluation,
    j.standard_from,
    j.standard_until
FROM judged AS j
INNER JOIN series AS r ON j.series_no = r.series_no
WHERE
    j.slot_no IS NOT NULL
    AND (
        r.episode <> 'season'
        OR j.episode BETWEEN (SELECT a.first_season FROM asked_about AS a)
        AND (SELECT a.last_season FROM asked_about AS a)
    )
