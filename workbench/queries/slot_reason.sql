-- slot_reason: why each person's place in each series stands as it does on a day.
-- Params   $as_of DATE            the day asked about; a later dose is not seen
--          $closing_days INTEGER  a legal end within so many days is near
-- Reads    person_as_of, slot, slot_dates, window
-- Returns  one row per person and slot, in no order
--          person_id BIGINT, birth_date DATE, birth_school_year BIGINT, district VARCHAR, is_resident BOOLEAN,
--          slot VARCHAR, reason VARCHAR, given_on DATE, opens_on DATE, standard_from DATE, standard_until DATE,
--          closes_on DATE, earliest_next_on DATE
-- Nulls    given_on: no dose fills the slot; opens_on to closes_on: no window; earliest_next_on: nothing to wait for
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0006-one-status-per-slot.md
WITH
without_window AS (
    SELECT
        b.birth_date,
        s.slot
    FROM (SELECT DISTINCT birth_date FROM person_as_of) AS b
    CROSS JOIN slot AS s
    LEFT JOIN "window" AS w ON b.birth_date = w.birth_date AND s.slot = w.slot
    WHERE w.slot IS NULL
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
        WHEN evaluation IS NOT NULL THEN evaluation
        WHEN is_other_series THEN 'other_series'
        WHEN exemption IS NOT NULL THEN exemption
        WHEN closes_on < $as_of::DATE THEN 'window_ended'
        WHEN closes_on < earliest_next_on THEN 'no_time_left'
        WHEN $as_of::DATE < opens_on THEN 'before_window'
        WHEN NOT has_previous THEN 'waiting_previous'
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
    earliest_next_on
FROM slot_dates
UNION ALL
SELECT
    p.person_id,
    p.birth_date,
    p.birth_school_year,
    p.district,
    p.is_resident,
    n.slot,
    CASE WHEN p.birth_date IS NULL THEN 'birth_unknown' ELSE 'no_window' END AS reason,
    NULL AS given_on,
    NULL AS opens_on,
    NULL AS standard_from,
    NULL AS standard_until,
    NULL AS closes_on,
    NULL AS earliest_next_on
FROM person_as_of AS p
INNER JOIN without_window AS n ON p.birth_date IS NOT DISTINCT FROM n.birth_date
