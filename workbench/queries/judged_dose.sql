-- judged_dose: every dose that counts in a series, judged by the law of its day; what the table judged is filled from.
-- Params   $part INTEGER  one of the parts into which the persons are divided, so that a city fits
--          $mask INTEGER  their number less one (a power of two)
-- Reads    dated_dose
-- Returns  one row per dose and series that counts it, in no order
--          dose_id BIGINT, person_id BIGINT, birth_date DATE, vaccine_no SMALLINT, series_no SMALLINT, episode INTEGER,
--          given_on DATE, variant_no SMALLINT, position SMALLINT, slot_no SMALLINT, evaluation VARCHAR,
--          reason VARCHAR, opens_on DATE, closes_on DATE, earliest_on DATE, standard_from DATE, standard_until DATE
-- Nulls    birth_date: unknown; variant_no: none fits; position: a duplicate; slot_no: the dose fills none; opens_on,
--          closes_on: no window on its day; earliest_on: no interval; standard_*: no standard interval
-- Privacy  pseudonymous rows, one per dose: for other queries and restricted lists
-- Why      docs/decisions/0011-evaluation.md
WITH
reasoned AS (
    SELECT
        *,
        CASE
            WHEN birth_date IS NULL THEN 'birth_unknown'
            WHEN is_duplicate THEN 'duplicate'
            WHEN is_pregnancy AND episode = 0 AND legal_no = 0 THEN 'pregnancy_unknown'
            WHEN slot_no IS NULL THEN CASE legal_no WHEN 0 THEN 'extra' WHEN 1 THEN 'temporary' ELSE 'private' END
            WHEN given_on < opens_on THEN 'too_early'
            WHEN given_on < earliest_on THEN 'too_soon'
            WHEN legal_no = 1 THEN 'temporary'
            WHEN legal_no = 2 THEN 'private' -- after the window it is nothing irregular, only not 定期
            WHEN opens_on IS NULL THEN 'not_in_force'
            WHEN given_on > closes_on THEN 'too_late'
            WHEN NOT is_lawful THEN 'wrong_product'
            WHEN is_near_other THEN 'other_vaccine'
            ELSE 'valid'
        END AS reason
    FROM dated_dose
)

SELECT
    dose_id,
    person_id,
    birth_date,
    vaccine_no,
    series_no,
    episode,
    given_on,
    variant_no,
    CASE WHEN reason <> 'duplicate' THEN position END AS position,
    CASE WHEN reason NOT IN ('duplicate', 'birth_unknown', 'pregnancy_unknown') THEN slot_no END AS slot_no,
    CASE reason
        WHEN 'birth_unknown' THEN 'unknown'
        WHEN 'pregnancy_unknown' THEN 'unknown'
        WHEN 'temporary' THEN 'private'
        WHEN 'other_vaccine' THEN 'too_soon'
        ELSE reason
    END AS evaluation,
    reason,
    opens_on,
    closes_on,
    earliest_on,
    standard_from,
    standard_until
FROM reasoned
