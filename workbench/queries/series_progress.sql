-- series_progress: how far each person has come in each series begun, and which place a further dose would take.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    placed_dose, skip
-- Returns  one row per person, series and episode, in no order
--          person_id BIGINT, series VARCHAR, episode BIGINT, variant VARCHAR, next_position BIGINT
-- Nulls    variant: none fits the first dose
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
last AS (
    SELECT
        person_id,
        series,
        episode,
        any_value(birth_date) AS birth_date,
        any_value(variant) AS variant,
        max(dose_position) AS dose_position,
        max(given_on) AS given_on
    FROM placed_dose
    WHERE NOT is_duplicate
    GROUP BY person_id, series, episode
)

SELECT
    a.person_id,
    a.series,
    a.episode,
    a.variant,
    greatest(
        a.dose_position + 1,
        CASE WHEN $as_of::DATE > k.dose_after THEN k.dose_position ELSE 1 END,
        CASE WHEN a.given_on > k.previous_after THEN k.previous_position ELSE 1 END
    ) AS next_position
FROM last AS a
LEFT JOIN skip AS k ON a.birth_date = k.birth_date AND a.series = k.series AND a.variant = k.variant
