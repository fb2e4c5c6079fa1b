-- dose_grounds: the place of every dose in every series that counts it, and the choice that puts it in none.
-- Params   $as_of DATE    the day asked about; a later dose is not seen
--          $from_on DATE  first day of the period
--          $until_on DATE  last day of the period
-- Reads    judged, needed_dose, slot
-- Returns  one row per dose and series that counts it (for a dose of none: one), ordered by dose_id, series_no
--          person_id BIGINT, dose_id BIGINT, given_on DATE, series_no SMALLINT, variant_no SMALLINT, slot VARCHAR,
--          choice SMALLINT, is_answer BOOLEAN
-- Nulls    variant_no: the series has none, or none fits; slot: the dose fills none; choice: the series is needed,
--          there is nothing to choose, or another row has the answer (is_answer)
-- Privacy  pseudonymous rows, one per dose: for other queries
-- Why      docs/decisions/0011-evaluation.md
SELECT
    j.person_id,
    j.dose_id,
    j.given_on,
    j.series_no,
    j.variant_no,
    s.slot,
    CASE WHEN NOT n.is_needed THEN n.choice END AS choice,
    n.dose_id IS NOT NULL AS is_answer
FROM judged AS j
LEFT JOIN needed_dose AS n ON j.dose_id = n.dose_id AND j.series_no = n.series_no
LEFT JOIN slot AS s ON j.slot_no = s.display_order
ORDER BY j.dose_id, j.series_no
