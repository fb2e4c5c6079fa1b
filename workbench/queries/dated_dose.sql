-- dated_dose: the doses of each series with the dates by which each is judged.
-- Params   $part INTEGER  one of the parts into which the persons are divided, so that a city fits
--          $mask INTEGER  their number less one (a power of two)
-- Reads    dose_interval, near_other_vaccine, own_window, placed_dose, waived_dose, window
-- Returns  one row per dose and series that counts it, in no order
--          as placed_dose, and opens_on DATE, closes_on DATE, earliest_on DATE, standard_from DATE, standard_until DATE,
--          is_near_other BOOLEAN
-- Nulls    as placed_dose; slot_no: also a slot not needed; opens_on, closes_on: no window on its day; earliest_on: no interval
-- Privacy  pseudonymous rows, one per dose: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
placed AS (
    SELECT
        p.* EXCLUDE (slot_no),
        CASE WHEN w.dose_id IS NULL AND NOT (p.is_pregnancy AND p.episode = 0) THEN p.slot_no END AS slot_no
    FROM placed_dose AS p
    LEFT JOIN waived_dose AS w ON p.dose_id = w.dose_id AND p.series_no = w.series_no
)

SELECT
    p.*,
    CASE WHEN x.slot_no IS NULL THEN w.opens_on ELSE o.opens_on END AS opens_on,
    CASE WHEN x.slot_no IS NULL THEN w.closes_on ELSE o.closes_on END AS closes_on,
    n.earliest_on,
    n.standard_from,
    n.standard_until,
    b.dose_id IS NOT NULL AS is_near_other
FROM placed AS p
LEFT JOIN (SELECT DISTINCT o.person_id, o.slot_no FROM own_window AS o) AS x
    ON p.person_id = x.person_id AND p.slot_no = x.slot_no
LEFT JOIN own_window AS o
    ON
        p.person_id = o.person_id AND p.slot_no = o.slot_no AND o.episode IN (0, p.episode)
        AND p.given_on BETWEEN o.known_from AND o.known_until
LEFT JOIN "window" AS w
    ON
        p.birth_date = w.birth_date AND p.slot_no = w.slot_no AND w.cohort = ''
        AND p.given_on BETWEEN w.known_from AND w.known_until
LEFT JOIN dose_interval AS n ON p.dose_id = n.dose_id AND p.series_no = n.series_no
LEFT JOIN near_other_vaccine AS b ON p.dose_id = b.dose_id
