-- series_progress: how far each person has come in each series begun, and which place a further dose would take.
-- Params   $as_of DATE                  the day asked about; a later dose is not seen
--          $seasons_from DATE = $as_of  of seasonal programmes only doses from the 年度 of this day on are looked at
-- Reads    placed_dose, skip
-- Returns  one row per person, series and episode, in no order
--          person_id BIGINT, series_no SMALLINT, episode BIGINT, variant_no SMALLINT, next_position BIGINT
-- Nulls    variant_no: none fits the first dose
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
last AS (
    SELECT
        person_id,
        series_no,
        episode,
        any_value(birth_date) AS birth_date,
        any_value(variant_no) AS variant_no,
        max(dose_position) AS dose_position,
        max(given_on) AS given_on
    FROM placed_dose
    WHERE NOT is_duplicate
    GROUP BY person_id, series_no, episode
)

SELECT
    a.person_id,
    a.series_no,
    a.episode,
    a.variant_no,
    greatest(
        a.dose_position + 1,
        CASE WHEN $as_of::DATE > k.dose_after THEN k.dose_position ELSE 1 END,
        CASE WHEN a.given_on > k.previous_after THEN k.previous_position ELSE 1 END
    ) AS next_position
FROM last AS a
LEFT JOIN skip AS k ON a.birth_date = k.birth_date AND a.series_no = k.series_no AND a.variant_no = k.variant_no
