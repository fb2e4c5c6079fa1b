-- pregnancy_dose: the delivery a dose belongs to: the first expected from two weeks before it on, else the last.
-- Params   $part INTEGER  one of the parts into which the persons are divided, so that a city fits
--          $mask INTEGER  their number less one (a power of two)
-- Reads    possible_dose, special, vaccine
-- Returns  one row per dose of a person with a recorded pregnancy, in no order
--          dose_id BIGINT, due_on DATE
-- Nulls    due_on: no delivery is expected
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
SELECT
    d.dose_id,
    coalesce(min(s.reason_end_on) FILTER (WHERE s.reason_end_on >= d.given_on - 14), max(s.reason_end_on)) AS due_on
FROM possible_dose AS d
INNER JOIN vaccine AS v ON d.vaccine_no = v.vaccine_no
INNER JOIN special AS s ON d.person_id = s.person_id AND v.vaccine = s.vaccine AND s.kind = 'pregnancy'
GROUP BY d.dose_id
