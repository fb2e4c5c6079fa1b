-- dose_in_series: recorded doses in the order in which they fill the slots of their series.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    about, dose, person, series_vaccine, slot
-- Returns  one row per dose and series that counts it, in no order
--          person_id BIGINT, series VARCHAR, vaccine VARCHAR, stage VARCHAR, dose_no SMALLINT, given_on DATE,
--          legal_class VARCHAR, clinic VARCHAR, birth_date DATE, is_impossible BOOLEAN, is_duplicate BOOLEAN,
--          dose_position BIGINT, slot VARCHAR
-- Nulls    slot: the dose fills none (impossible, duplicate, or beyond the last position); birth_date: unknown
-- Privacy  pseudonymous rows, one per dose: for other queries and restricted lists
-- Why      docs/decisions/0006-one-status-per-slot.md
WITH
seen AS (
    SELECT
        d.person_id,
        f.series,
        d.vaccine,
        d.stage,
        d.dose_no,
        d.given_on,
        d.legal_class,
        d.clinic,
        p.birth_date,
        coalesce(d.given_on < coalesce(p.birth_date, p.birth_earliest), FALSE)
        OR coalesce(d.given_on > (SELECT max(a.extracted_on) FROM about AS a), FALSE) AS is_impossible
    FROM dose AS d
    INNER JOIN series_vaccine AS f ON d.vaccine = f.vaccine AND f.stage IN ('*', coalesce(d.stage, '-'))
    INNER JOIN person AS p ON d.person_id = p.person_id
    WHERE
        d.given_on <= $as_of::DATE
        AND d.vaccine IN (SELECT k.vaccine FROM series_vaccine AS k) -- says it again so that it is done first
),

-- The recorded 期 and 回 are not trusted: the dates make the order. Of two doses on one day the 定期 one comes first.
ranked AS (
    SELECT
        *,
        dense_rank() OVER (PARTITION BY person_id, series, is_impossible ORDER BY given_on) AS dose_position,
        lag(given_on) OVER (
            PARTITION BY person_id, series, is_impossible ORDER BY given_on, legal_class, stage, dose_no, clinic
        ) AS previous_on
    FROM seen
),

judged AS (
    SELECT
        *,
        coalesce(previous_on = given_on, FALSE) AND NOT is_impossible AS is_duplicate
    FROM ranked
)

SELECT
    r.person_id,
    r.series,
    r.vaccine,
    r.stage,
    r.dose_no,
    r.given_on,
    r.legal_class,
    r.clinic,
    r.birth_date,
    r.is_impossible,
    r.is_duplicate,
    r.dose_position,
    s.slot
FROM judged AS r
LEFT JOIN slot AS s
    ON r.series = s.series AND r.dose_position = s.position AND NOT r.is_duplicate AND NOT r.is_impossible
