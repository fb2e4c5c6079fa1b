-- dated_dose: the doses of each series with the window of their day and all else that judges them.
-- Params   $part INTEGER  one of the parts into which the persons are divided, so that a city fits
--          $mask INTEGER  their number less one (a power of two)
-- Reads    dose_interval, judging_slot, near_other_vaccine, own_window, own_window_slot, placed_dose, waived_dose,
--          window
-- Returns  one row per dose and series that counts it, in no order
--          dose_id BIGINT, person_id BIGINT, birth_date DATE, vaccine_no SMALLINT, is_lawful BOOLEAN, given_on DATE,
--          legal_no TINYINT, series_no SMALLINT, is_pregnancy BOOLEAN, episode INTEGER, is_duplicate BOOLEAN,
--          variant_no SMALLINT, position SMALLINT, slot_no SMALLINT, opens_on DATE, closes_on DATE, earliest_on DATE,
--          standard_from DATE, standard_until DATE, is_near_other BOOLEAN
-- Nulls    birth_date: unknown; variant_no: none fits; slot_no: the dose fills none; opens_on, closes_on: no window
--          on its day; earliest_on: no interval; standard_*: no standard interval
-- Privacy  pseudonymous rows, one per dose: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
filling AS (
    SELECT
        p.* EXCLUDE (slot_no),
        CASE WHEN w.dose_id IS NULL AND NOT (p.is_pregnancy AND p.episode = 0) THEN p.slot_no END AS slot_no
    FROM placed_dose AS p
    LEFT JOIN waived_dose AS w ON p.dose_id = w.dose_id AND p.series_no = w.series_no
),

placed AS (
    SELECT
        f.*,
        coalesce(j.own_slot_no, f.slot_no) AS window_slot_no
    FROM filling AS f
    LEFT JOIN judging_slot AS j
        ON f.series_no = j.series_no AND f.vaccine_no = j.vaccine_no AND f.slot_no = j.slot_no
)

SELECT
    p.dose_id,
    p.person_id,
    p.birth_date,
    p.vaccine_no,
    p.is_lawful,
    p.given_on,
    p.legal_no,
    p.series_no,
    p.is_pregnancy,
    p.episode,
    p.is_duplicate,
    p.variant_no,
    p.position,
    p.slot_no,
    CASE WHEN x.slot_no IS NULL THEN w.opens_on ELSE o.opens_on END AS opens_on,
    CASE WHEN x.slot_no IS NULL THEN w.closes_on ELSE o.closes_on END AS closes_on,
    n.earliest_on,
    n.standard_from,
    n.standard_until,
    b.dose_id IS NOT NULL AS is_near_other
FROM placed AS p
LEFT JOIN own_window_slot AS x ON p.person_id = x.person_id AND p.window_slot_no = x.slot_no
LEFT JOIN own_window AS o
    ON
        p.person_id = o.person_id AND p.window_slot_no = o.slot_no AND o.episode IN (0, p.episode)
        AND p.given_on BETWEEN o.known_from AND o.known_until
LEFT JOIN "window" AS w
    ON
        p.birth_date = w.birth_date AND p.window_slot_no = w.slot_no AND w.cohort = ''
        AND p.given_on BETWEEN w.known_from AND w.known_until
LEFT JOIN dose_interval AS n ON p.dose_id = n.dose_id AND p.series_no = n.series_no
LEFT JOIN near_other_vaccine AS b ON p.dose_id = b.dose_id
