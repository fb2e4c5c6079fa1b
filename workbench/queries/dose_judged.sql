-- dose_judged: every dose that counts in a needed series, judged by the law of its day.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    near_other_vaccine, needed_after_all, next_dose, own_window, placed_dose, series, waive, window
-- Returns  one row per dose and series that counts it, in no order
--          person_id BIGINT, series VARCHAR, episode BIGINT, vaccine VARCHAR, product VARCHAR, stage VARCHAR,
--          dose_no SMALLINT, given_on DATE, legal_class VARCHAR, clinic VARCHAR, source VARCHAR, birth_date DATE,
--          variant VARCHAR, dose_position BIGINT, is_duplicate BOOLEAN, slot VARCHAR, evaluation VARCHAR,
--          reason VARCHAR, opens_on DATE, earliest_next_on DATE, closes_on DATE
-- Nulls    slot: the dose fills none; opens_on, closes_on: no window on its day; earliest_next_on: no interval
-- Privacy  pseudonymous rows, one per dose: for other queries and restricted lists
-- Why      docs/decisions/0011-evaluation.md
WITH
own AS (
    SELECT DISTINCT
        o.person_id,
        o.slot
    FROM own_window AS o
),

placed AS (
    SELECT
        p.*,
        CASE WHEN w.slot IS NULL OR n.slot IS NOT NULL THEN p.slot END AS own_slot,
        r.episode = 'pregnancy' AND p.episode = 0 AS is_without_pregnancy
    FROM placed_dose AS p
    INNER JOIN series AS r ON p.series = r.series
    LEFT JOIN waive AS w ON p.series = w.series AND p.variant = w.variant AND p.slot = w.slot
    LEFT JOIN needed_after_all AS n ON p.person_id = n.person_id AND p.slot = n.slot
),

dated AS (
    SELECT
        p.* EXCLUDE (slot, own_slot),
        p.own_slot AS slot,
        CASE WHEN x.slot IS NULL THEN w.opens_on ELSE o.opens_on END AS opens_on,
        CASE WHEN x.slot IS NULL THEN w.closes_on ELSE o.closes_on END AS closes_on,
        n.earliest_next_on,
        b.vaccine IS NOT NULL AS is_near_other
    FROM placed AS p
    LEFT JOIN own AS x ON p.person_id = x.person_id AND p.own_slot = x.slot
    LEFT JOIN own_window AS o
        ON
            p.person_id = o.person_id AND p.own_slot = o.slot AND o.episode IN (0, p.episode)
            AND p.given_on BETWEEN o.known_from AND o.known_until
    LEFT JOIN "window" AS w
        ON
            p.birth_date = w.birth_date AND p.own_slot = w.slot AND w.cohort = ''
            AND p.given_on BETWEEN w.known_from AND w.known_until
    LEFT JOIN next_dose AS n ON p.person_id = n.person_id AND p.own_slot = n.slot
    LEFT JOIN near_other_vaccine AS b
        ON p.person_id = b.person_id AND p.vaccine = b.vaccine AND p.given_on = b.given_on
),

judged AS (
    SELECT
        *,
        CASE
            WHEN is_duplicate THEN 'duplicate'
            WHEN birth_date IS NULL THEN 'birth_unknown'
            WHEN is_without_pregnancy THEN 'pregnancy_unknown'
            WHEN slot IS NULL AND legal_class = 'routine' THEN 'extra'
            WHEN given_on < opens_on THEN 'too_early'
            WHEN given_on < earliest_next_on THEN 'too_soon'
            WHEN legal_class = 'temporary' THEN 'temporary'
            WHEN legal_class <> 'routine' THEN 'private' -- after the window it is nothing irregular, only not 定期
            WHEN opens_on IS NULL THEN 'not_in_force'
            WHEN given_on > closes_on THEN 'too_late'
            WHEN given_on NOT BETWEEN lawful_from AND lawful_until THEN 'wrong_product'
            WHEN is_near_other THEN 'other_vaccine'
            ELSE 'valid'
        END AS reason
    FROM dated
)

SELECT
    person_id,
    series,
    episode,
    vaccine,
    product,
    stage,
    dose_no,
    given_on,
    legal_class,
    clinic,
    source,
    birth_date,
    variant,
    dose_position,
    is_duplicate,
    CASE WHEN reason NOT IN ('duplicate', 'birth_unknown', 'pregnancy_unknown') THEN slot END AS slot,
    CASE reason
        WHEN 'birth_unknown' THEN 'unknown'
        WHEN 'pregnancy_unknown' THEN 'unknown'
        WHEN 'temporary' THEN 'private'
        WHEN 'other_vaccine' THEN 'too_soon'
        ELSE reason
    END AS evaluation,
    reason,
    opens_on,
    earliest_next_on,
    closes_on
FROM judged
