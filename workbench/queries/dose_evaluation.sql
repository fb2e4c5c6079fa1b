-- dose_evaluation: every recorded dose of a series judged by the limits of the slot it fills.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    dose_in_series, next_dose, window
-- Returns  one row per dose and series that counts it, in no order
--          person_id BIGINT, series VARCHAR, vaccine VARCHAR, stage VARCHAR, dose_no SMALLINT, given_on DATE,
--          legal_class VARCHAR, clinic VARCHAR, dose_position BIGINT, slot VARCHAR, evaluation VARCHAR, opens_on DATE,
--          earliest_next_on DATE, closes_on DATE
-- Nulls    slot: the dose fills none; opens_on, closes_on: the slot has no window for this birth date
-- Privacy  pseudonymous rows, one per dose: for other queries and restricted lists
-- Why      docs/decisions/0006-one-status-per-slot.md
SELECT
    d.person_id,
    d.series,
    d.vaccine,
    d.stage,
    d.dose_no,
    d.given_on,
    d.legal_class,
    d.clinic,
    d.dose_position,
    d.slot,
    CASE
        WHEN d.is_impossible THEN 'impossible'
        WHEN d.is_duplicate THEN 'duplicate'
        WHEN d.slot IS NULL THEN 'extra'
        WHEN d.birth_date IS NULL THEN 'unjudged'
        WHEN d.given_on < w.opens_on THEN 'too_early'
        WHEN d.given_on < n.earliest_next_on THEN 'too_soon'
        WHEN d.legal_class = 'voluntary' THEN 'private' -- after the window it is nothing irregular, only not 定期
        WHEN w.slot IS NULL THEN 'not_in_force'
        WHEN d.given_on > w.closes_on THEN 'too_late'
        ELSE 'valid'
    END AS evaluation,
    w.opens_on,
    n.earliest_next_on,
    w.closes_on
FROM dose_in_series AS d
LEFT JOIN "window" AS w ON d.birth_date = w.birth_date AND d.slot = w.slot
LEFT JOIN next_dose AS n ON d.person_id = n.person_id AND d.slot = n.slot
