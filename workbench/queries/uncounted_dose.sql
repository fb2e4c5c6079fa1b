-- uncounted_dose: the doses that count in no series, and why; the table judged is filled from it too.
-- Params   $part INTEGER  one of the parts into which the persons are divided, so that a city fits
--          $mask INTEGER  their number less one (a power of two)
-- Reads    fed_dose, seen_dose, single_antigen_dose
-- Returns  one row per dose, in no order
--          dose_id BIGINT, person_id BIGINT, birth_date DATE, vaccine_no SMALLINT, series_no SMALLINT, episode INTEGER,
--          given_on DATE, variant_no SMALLINT, position SMALLINT, slot_no SMALLINT, evaluation VARCHAR,
--          reason VARCHAR, opens_on DATE, closes_on DATE, earliest_on DATE, standard_from DATE, standard_until DATE
-- Nulls    birth_date: unknown; vaccine_no: a vaccine without a code; opens_on, closes_on: all but single doses of 麻しん
--          and 風しん; variant_no, position, slot_no, earliest_on, standard_*: always
-- Privacy  pseudonymous rows, one per dose: for other queries and restricted lists
-- Why      docs/decisions/0011-evaluation.md
WITH
-- 麻しん or 風しん alone fills nothing until the other has come.
reasoned AS (
    SELECT
        d.*,
        s.opens_on,
        s.closes_on,
        CASE
            WHEN d.is_unknown THEN 'unknown'
            WHEN d.impossible_no = 1 THEN 'before_birth'
            WHEN d.impossible_no = 2 THEN 'after_death'
            WHEN d.impossible_no = 3 THEN 'future'
            WHEN d.birth_date IS NULL THEN 'birth_unknown'
            WHEN s.dose_id IS NOT NULL THEN 'single_antigen'
            WHEN d.legal_no = 1 THEN 'temporary'
            WHEN d.legal_no = 2 THEN 'private'
            ELSE 'not_in_force'
        END AS reason
    FROM seen_dose AS d
    ANTI JOIN fed_dose AS f ON d.dose_id = f.dose_id
    LEFT JOIN single_antigen_dose AS s ON d.dose_id = s.dose_id
)

SELECT
    dose_id,
    person_id,
    birth_date,
    vaccine_no,
    0::SMALLINT AS series_no,
    0::INTEGER AS episode,
    given_on,
    NULL::SMALLINT AS variant_no,
    NULL::SMALLINT AS position,
    NULL::SMALLINT AS slot_no,
    CASE
        WHEN reason IN ('before_birth', 'after_death', 'future') THEN 'impossible'
        WHEN reason = 'birth_unknown' THEN 'unknown'
        WHEN reason = 'temporary' THEN 'private'
        WHEN reason <> 'single_antigen' THEN reason
        WHEN given_on < opens_on THEN 'too_early'
        WHEN legal_no > 0 THEN 'private'
        WHEN opens_on IS NULL THEN 'not_in_force'
        WHEN given_on > closes_on THEN 'too_late'
        ELSE 'valid'
    END AS evaluation,
    reason,
    opens_on,
    closes_on,
    NULL::DATE AS earliest_on,
    NULL::DATE AS standard_from,
    NULL::DATE AS standard_until
FROM reasoned
