-- slot_reason: why each person's place in each slot stands as it does on a day.
-- Params   $as_of DATE            the day asked about; a later dose is not seen
--          $closing_days INTEGER  a legal end within so many days is near
-- Reads    own_window, person_as_of, programme, slot, slot_dates, window
-- Returns  one row per person and slot, in no order
--          person_id BIGINT, birth_date DATE, birth_school_year BIGINT, district VARCHAR, is_resident BOOLEAN,
--          slot VARCHAR, reason VARCHAR, given_on DATE, opens_on DATE, standard_from DATE, standard_until DATE,
--          closes_on DATE, earliest_next_on DATE
-- Nulls    given_on: no dose fills the slot; opens_on to closes_on: no window; earliest_next_on: nothing to wait for
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
-- Whether there is a window is a matter of the birth date, but for the few who have windows of their own.
windowless AS (
    SELECT
        b.birth_date,
        s.slot
    FROM (SELECT DISTINCT p.birth_date FROM person_as_of AS p) AS b
    CROSS JOIN slot AS s
    ANTI JOIN "window" AS w
        ON
            b.birth_date = w.birth_date AND s.slot = w.slot AND w.cohort = ''
            AND $as_of::DATE BETWEEN w.known_from AND w.known_until
),

own AS (
    SELECT
        o.person_id,
        o.slot,
        bool_or($as_of::DATE BETWEEN o.known_from AND o.known_until) AS is_known
    FROM own_window AS o
    GROUP BY o.person_id, o.slot
),

without_window AS (
    SELECT
        p.*,
        n.slot
    FROM person_as_of AS p
    INNER JOIN windowless AS n ON p.birth_date IS NOT DISTINCT FROM n.birth_date
    ANTI JOIN own AS o ON p.person_id = o.person_id AND n.slot = o.slot
    UNION ALL
    SELECT
        p.*,
        o.slot
    FROM person_as_of AS p
    INNER JOIN own AS o ON p.person_id = o.person_id
    WHERE NOT o.is_known
)

SELECT
    person_id,
    birth_date,
    birth_school_year,
    district,
    is_resident,
    slot,
    CASE
        WHEN slot_sex NOT IN ('*', sex) THEN CASE sex WHEN 'U' THEN 'sex_unknown' ELSE 'other_sex' END
        WHEN series IS NULL THEN 'other_series'
        WHEN evaluation IS NOT NULL THEN evaluation
        WHEN position IS NULL THEN 'variant'
        WHEN position < next_position THEN 'cut_off'
        WHEN is_waived THEN 'waived'
        WHEN exemption IS NOT NULL THEN exemption
        WHEN closes_on < $as_of::DATE THEN 'window_ended'
        WHEN closes_on < earliest_next_on THEN 'no_time_left'
        WHEN $as_of::DATE < opens_on THEN 'before_window'
        WHEN position > next_position THEN 'waiting_previous'
        WHEN $as_of::DATE < earliest_next_on THEN 'waiting_interval'
        WHEN closes_on <= $as_of::DATE + $closing_days::INTEGER THEN 'legal_end_near'
        WHEN standard_until < $as_of::DATE THEN 'past_standard'
        WHEN $as_of::DATE < standard_from THEN 'before_standard'
        ELSE 'in_standard'
    END AS reason,
    given_on,
    opens_on,
    standard_from,
    standard_until,
    closes_on,
    CASE WHEN evaluation IS NULL THEN earliest_next_on END AS earliest_next_on
FROM slot_dates
UNION ALL
SELECT
    n.person_id,
    n.birth_date,
    n.birth_school_year,
    n.district,
    n.is_resident,
    n.slot,
    CASE
        WHEN s.sex NOT IN ('*', n.sex) THEN CASE n.sex WHEN 'U' THEN 'sex_unknown' ELSE 'other_sex' END
        WHEN n.birth_date IS NULL THEN 'birth_unknown'
        WHEN $as_of::DATE < g.effective_from THEN 'before_programme'
        ELSE 'no_window'
    END AS reason,
    NULL AS given_on,
    NULL AS opens_on,
    NULL AS standard_from,
    NULL AS standard_until,
    NULL AS closes_on,
    NULL AS earliest_next_on
FROM without_window AS n
INNER JOIN slot AS s ON n.slot = s.slot
INNER JOIN programme AS g ON s.programme = g.programme
