-- single_antigen_dose: doses of 麻しん or 風しん alone, with the window of MR of their days, which judges them.
-- Params   $part INTEGER  one of the parts into which the persons are divided, so that a city fits
--          $mask INTEGER  their number less one (a power of two)
-- Reads    own_window, own_window_slot, series_slot, single_dose, window
-- Returns  one row per dose, in no order
--          dose_id BIGINT, opens_on DATE, closes_on DATE
-- Nulls    opens_on, closes_on: no window on its day
-- Privacy  pseudonymous rows, one per dose: for other queries
-- Why      docs/decisions/0011-evaluation.md
SELECT
    d.dose_id,
    CASE WHEN x.slot_no IS NULL THEN w.opens_on ELSE o.opens_on END AS opens_on,
    CASE WHEN x.slot_no IS NULL THEN w.closes_on ELSE o.closes_on END AS closes_on
FROM single_dose AS d
INNER JOIN series_slot AS s ON d.series_no = s.series_no AND s.position = 1
LEFT JOIN own_window_slot AS x ON d.person_id = x.person_id AND s.slot_no = x.slot_no
LEFT JOIN own_window AS o
    ON d.person_id = o.person_id AND s.slot_no = o.slot_no AND d.given_on BETWEEN o.known_from AND o.known_until
LEFT JOIN "window" AS w
    ON
        d.birth_date = w.birth_date AND s.slot_no = w.slot_no AND w.cohort = ''
        AND d.given_on BETWEEN w.known_from AND w.known_until
