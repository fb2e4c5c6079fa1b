-- dose_judged: every dose that counts in a needed series, judged by the law of its day.
-- Params   $as_of DATE                  the day asked about; a later dose is not seen
--          $seasons_from DATE = $as_of  of seasonal programmes only doses from the 年度 of this day on are looked at
-- Reads    near_other_vaccine, needed_after_all, next_dose, own_window, placed_dose, series, waive, window
-- Returns  one row per dose and series that counts it, in no order
--          dose_id BIGINT, person_id BIGINT, series_no SMALLINT, episode BIGINT, given_on DATE, variant_no SMALLINT,
--          dose_position BIGINT, slot_no SMALLINT, evaluation VARCHAR, reason VARCHAR, opens_on DATE,
--          earliest_next_on DATE, closes_on DATE
-- Nulls    slot_no: the dose fills none; opens_on, closes_on: no window on its day; earliest_next_on: no interval
-- Privacy  pseudonymous rows, one per dose: for other queries and restricted lists
-- Why      docs/decisions/0011-evaluation.md
WITH
own AS (
    SELECT DISTINCT
        o.person_id,
        o.slot_no
    FROM own_window AS o
),

placed AS (
    SELECT
        p.* EXCLUDE (slot_no),
        CASE WHEN w.slot_no IS NULL OR n.slot_no IS NOT NULL THEN p.slot_no END AS slot_no,
        r.episode = 'pregnancy' AND p.episode = 0 AS is_without_pregnancy
    FROM placed_dose AS p
    INNER JOIN series AS r ON p.series_no = r.series_no
    LEFT JOIN waive AS w ON p.series_no = w.series_no AND p.variant_no = w.variant_no AND p.slot_no = w.slot_no
    LEFT JOIN needed_after_all AS n ON w.slot_no = n.slot_no AND p.person_id = n.person_id
),

dated AS (
    SELECT
        p.*,
        CASE WHEN x.slot_no IS NULL THEN w.opens_on ELSE o.opens_on END AS opens_on,
        CASE WHEN x.slot_no IS NULL THEN w.closes_on ELSE o.closes_on END AS closes_on,
        n.earliest_next_on,
        b.dose_id IS NOT NULL AS is_near_other
    FROM placed AS p
    LEFT JOIN own AS x ON p.person_id = x.person_id AND p.slot_no = x.slot_no
    LEFT JOIN own_window AS o
        ON
            p.person_id = o.person_id AND p.slot_no = o.slot_no AND o.episode IN (0, p.episode)
            AND p.given_on BETWEEN o.known_from AND o.known_until
    LEFT JOIN "window" AS w
        ON
            p.birth_date = w.birth_date AND p.slot_no = w.slot_no AND w.cohort = ''
            AND p.given_on BETWEEN w.known_from AND w.known_until
    LEFT JOIN next_dose AS n ON p.person_id = n.person_id AND p.slot_no = n.slot_no
    LEFT JOIN near_other_vaccine AS b ON p.dose_id = b.dose_id
),

judged AS (
    SELECT
        *,
        CASE
            WHEN is_duplicate THEN 'duplicate'
            WHEN birth_date IS NULL THEN 'birth_unknown'
            WHEN is_without_pregnancy THEN 'pregnancy_unknown'
            WHEN slot_no IS NULL AND legal_no = 0 THEN 'extra'
            WHEN given_on < opens_on THEN 'too_early'
            WHEN given_on < earliest_next_on THEN 'too_soon'
            WHEN legal_no = 1 THEN 'temporary'
            WHEN legal_no = 2 THEN 'private' -- after the window it is nothing irregular, only not 定期
            WHEN opens_on IS NULL THEN 'not_in_force'
            WHEN given_on > closes_on THEN 'too_late'
            WHEN NOT is_lawful THEN 'wrong_product'
            WHEN is_near_other THEN 'other_vaccine'
            ELSE 'valid'
        END AS reason
    FROM dated
)

SELECT
    dose_id,
    person_id,
    series_no,
    episode,
    given_on,
    variant_no,
    dose_position,
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
    earliest_next_on,
    closes_on
FROM judged
