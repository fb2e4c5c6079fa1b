-- series_progress: how far each person has come in each series of several slots, and the place of a further dose.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    asked, judged, series_slot, skip
-- Returns  one row per person and series begun, in no order
--          person_id BIGINT, series_no SMALLINT, variant_no SMALLINT, as_of DATE, next_position SMALLINT
-- Nulls    variant_no: none fits the first dose
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
long AS (
    SELECT DISTINCT s.series_no
    FROM series_slot AS s
    WHERE s.position > 1
),

latest AS (
    SELECT
        j.person_id,
        j.series_no,
        any_value(j.birth_date) AS birth_date,
        any_value(j.variant_no) AS variant_no,
        any_value(coalesce(q.as_of, $as_of::DATE)) AS as_of,
        max(j.position) AS position,
        max(j.given_on) AS given_on
    FROM judged AS j
    LEFT JOIN asked AS q ON j.person_id = q.person_id
    WHERE
        j.position IS NOT NULL AND j.given_on <= coalesce(q.as_of, $as_of::DATE)
        AND j.series_no IN (SELECT s.series_no FROM long AS s)
    GROUP BY j.person_id, j.series_no
)

SELECT
    a.person_id,
    a.series_no,
    a.variant_no,
    a.as_of,
    greatest(
        a.position + 1,
        CASE WHEN a.as_of > k.dose_after THEN k.dose_position ELSE 1 END,
        CASE WHEN a.given_on > k.previous_after THEN k.previous_position ELSE 1 END
    )::SMALLINT AS next_position
FROM latest AS a
LEFT JOIN skip AS k ON a.birth_date = k.birth_date AND a.series_no = k.series_no AND a.variant_no = k.variant_no
