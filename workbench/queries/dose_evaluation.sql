-- dose_evaluation: what each dose recorded in a period is under the law of its day, one answer for each.
-- Params   $as_of DATE    the day asked about; a later dose is not seen
--          $from_on DATE  first day of the period
--          $until_on DATE  last day of the period
-- Reads    choice, dose, needed_dose, slot
-- Returns  one row per dose, ordered by person_id, given_on, dose_id
--          dose_id BIGINT, person_id BIGINT, birth_date DATE, vaccine VARCHAR, product VARCHAR, stage VARCHAR,
--          dose_no SMALLINT, given_on DATE, legal_class VARCHAR, clinic VARCHAR, slot VARCHAR, evaluation VARCHAR,
--          reason VARCHAR, opens_on DATE, closes_on DATE, earliest_on DATE, is_recorded_otherwise BOOLEAN
-- Nulls    birth_date: unknown; product, stage, dose_no, clinic: not recorded; slot: the dose fills none; opens_on,
--          closes_on: no window on its day; earliest_on: no interval
-- Privacy  pseudonymous rows, one per dose: for other queries and restricted lists
-- Why      docs/decisions/0011-evaluation.md
WITH
decided AS (
    SELECT
        f.* EXCLUDE (slot_no, evaluation, reason),
        CASE WHEN f.is_needed THEN f.slot_no END AS slot_no,
        CASE
            WHEN f.is_needed OR f.reason = 'birth_unknown' THEN f.evaluation
            WHEN d.legal_class <> 'routine' THEN 'private'
            ELSE c.others
        END AS evaluation,
        CASE
            WHEN f.is_needed OR f.reason = 'birth_unknown' THEN f.reason
            WHEN d.legal_class = 'temporary' THEN 'temporary'
            WHEN d.legal_class <> 'routine' THEN 'private'
            ELSE c.others
        END AS reason,
        d.vaccine,
        d.product,
        d.stage,
        d.dose_no,
        d.legal_class,
        d.clinic
    FROM needed_dose AS f
    INNER JOIN dose AS d ON f.dose_id = d.rowid
    LEFT JOIN choice AS c ON f.choice = c.choice
)

SELECT
    d.dose_id,
    d.person_id,
    d.birth_date,
    d.vaccine,
    d.product,
    d.stage,
    d.dose_no,
    d.given_on,
    d.legal_class,
    d.clinic,
    s.slot,
    d.evaluation,
    d.reason,
    d.opens_on,
    d.closes_on,
    d.earliest_on,
    coalesce(d.stage <> s.stage, FALSE) OR coalesce(d.dose_no <> s.number, FALSE) AS is_recorded_otherwise
FROM decided AS d
LEFT JOIN slot AS s ON d.slot_no = s.display_order
ORDER BY d.person_id, d.given_on, d.dose_id
