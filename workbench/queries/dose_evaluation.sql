-- dose_evaluation: what each dose recorded in a period is under the law of its day, one answer for each.
-- Params   $as_of DATE    the day asked about; a later dose is not seen
--          $from_on DATE  first day of the period
--          $until_on DATE  last day of the period
-- Reads    asked, choice, choice_group, choice_series, dose, judged, person_choice, series, slot, vaccine
-- Returns  one row per dose, ordered by person_id, given_on, dose_id
--          dose_id BIGINT, person_id BIGINT, birth_date DATE, vaccine VARCHAR, product VARCHAR, stage VARCHAR,
--          dose_no SMALLINT, given_on DATE, legal_class VARCHAR, clinic VARCHAR, slot VARCHAR, evaluation VARCHAR,
--          reason VARCHAR, opens_on DATE, closes_on DATE, earliest_on DATE, is_recorded_otherwise BOOLEAN
-- Nulls    birth_date: unknown; product, stage, dose_no, clinic: not recorded; slot: the dose fills none; opens_on,
--          closes_on: no window on its day; earliest_on: no interval
-- Privacy  pseudonymous rows, one per dose: for other queries and restricted lists
-- Why      docs/decisions/0011-evaluation.md
WITH
chosen AS (
    SELECT
        j.*,
        c.choice,
        r.group_no IS NULL OR j.given_on < g.effective_from OR s.series_no IS NOT NULL AS is_needed
    FROM judged AS j
    LEFT JOIN series AS r ON j.series_no = r.series_no
    LEFT JOIN (SELECT DISTINCT k.group_no, k.effective_from FROM choice_group AS k) AS g ON r.group_no = g.group_no
    LEFT JOIN person_choice AS c ON j.person_id = c.person_id AND r.group_no = c.group_no AND j.episode = c.season
    LEFT JOIN choice_series AS s ON c.choice = s.choice AND j.series_no = s.series_no
    LEFT JOIN asked AS q ON j.person_id = q.person_id
    WHERE j.given_on BETWEEN $from_on::DATE AND $until_on::DATE AND j.given_on <= coalesce(q.as_of, $as_of::DATE)
),

-- A dose that counts in several needed series has the judgement of the first in which it fills a slot.
first_series AS (
    SELECT *
    FROM chosen
    QUALIFY row_number() OVER (PARTITION BY dose_id ORDER BY is_needed DESC, slot_no IS NULL, series_no) = 1
),

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
    FROM first_series AS f
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
