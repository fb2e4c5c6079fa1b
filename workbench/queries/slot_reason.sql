-- slot_reason: why each person's place in each slot stands as it does on a day.
-- Params   $as_of DATE            the day asked about; a later dose is not seen
--          $closing_days INTEGER  a legal end within so many days is near
-- Reads    person_without_window, programme, slot, slot_dates
-- Returns  one row per person and slot, in no order
--          person_id BIGINT, birth_date DATE, birth_school_year BIGINT, district VARCHAR, is_resident BOOLEAN,
--          slot VARCHAR, reason VARCHAR, given_on DATE, opens_on DATE, standard_from DATE, standard_until DATE,
--          closes_on DATE, earliest_next_on DATE
-- Nulls    given_on: no dose fills the slot; opens_on to closes_on: no window; earliest_next_on: nothing to wait for
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
SELECT
    d.person_id,
    d.birth_date,
    d.birth_school_year,
    d.district,
    d.is_resident,
    s.slot,
    CASE
        WHEN s.sex NOT IN ('*', d.sex) THEN CASE d.sex WHEN 'U' THEN 'sex_unknown' ELSE 'other_sex' END
        WHEN d.birth_date IS NULL THEN 'birth_unknown'
        WHEN d.series_no IS NULL THEN 'other_series'
        WHEN d.evaluation IS NOT NULL THEN d.evaluation
        WHEN d.position IS NULL THEN 'variant'
        WHEN d.is_waived THEN 'waived'
        WHEN d.position < d.next_position THEN 'cut_off'
        WHEN d.exemption IS NOT NULL THEN d.exemption
        WHEN d.closes_on < d.as_of THEN 'window_ended'
        WHEN d.closes_on < d.earliest_next_on THEN 'no_time_left'
        WHEN d.as_of < d.opens_on THEN 'before_window'
        WHEN d.position > d.next_position THEN 'waiting_previous'
        WHEN d.as_of < d.earliest_next_on THEN 'waiting_interval'
        WHEN d.closes_on <= d.as_of + $closing_days::INTEGER THEN 'legal_end_near'
        WHEN d.standard_until < d.as_of THEN 'past_standard'
        WHEN d.as_of < d.standard_from THEN 'before_standard'
        ELSE 'in_standard'
    END AS reason,
    d.given_on,
    d.opens_on,
    d.standard_from,
    d.standard_until,
    d.closes_on,
    CASE WHEN d.evaluation IS NULL THEN d.earliest_next_on END AS earliest_next_on
FROM slot_dates AS d
INNER JOIN slot AS s ON d.slot_no = s.display_order
UNION ALL
SELECT
    n.person_id,
    n.birth_date,
    n.birth_school_year,
    n.district,
    n.is_resident,
    s.slot,
    CASE
        WHEN s.sex NOT IN ('*', n.sex) THEN CASE n.sex WHEN 'U' THEN 'sex_unknown' ELSE 'other_sex' END
        WHEN n.birth_date IS NULL THEN 'birth_unknown'
        WHEN n.as_of < g.effective_from THEN 'before_programme'
        ELSE 'no_window'
    END AS reason,
    NULL AS given_on,
    NULL AS opens_on,
    NULL AS standard_from,
    NULL AS standard_until,
    NULL AS closes_on,
    NULL AS earliest_next_on
FROM person_without_window AS n
INNER JOIN slot AS s ON n.slot_no = s.display_order
INNER JOIN programme AS g ON s.programme = g.programme
