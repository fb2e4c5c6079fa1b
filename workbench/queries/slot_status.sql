-- slot_status: what each person's place in each series is on a day, with the reason and the dates behind it.
-- Params   $as_of DATE            the day asked about; a later dose is not seen
--          $seasons_from DATE = $as_of  of seasonal programmes only doses from the 年度 of this day on are looked at
--          $closing_days INTEGER  a legal end within so many days makes a slot `closing`
-- Reads    slot_reason
-- Returns  one row per person and slot, in no order
--          person_id BIGINT, slot VARCHAR, status VARCHAR, reason VARCHAR, given_on DATE, opens_on DATE,
--          standard_from DATE, standard_until DATE, closes_on DATE, earliest_next_on DATE, birth_date DATE,
--          birth_school_year BIGINT, district VARCHAR, is_resident BOOLEAN
-- Nulls    given_on: no dose fills the slot; opens_on to closes_on: no window; earliest_next_on: nothing to wait for;
--          birth_date, birth_school_year: the day of birth is unknown
-- Privacy  pseudonymous rows: for other queries and restricted lists
-- Why      docs/decisions/0006-one-status-per-slot.md
SELECT
    person_id,
    slot,
    CASE
        WHEN reason IN ('valid', 'private') THEN 'done'
        WHEN reason IN ('too_early', 'too_soon', 'too_late', 'wrong_product', 'not_in_force') THEN 'done_irregular'
        WHEN reason IN ('before_window', 'waiting_previous', 'waiting_interval') THEN 'not_yet_open'
        WHEN reason = 'before_standard' THEN 'open'
        WHEN reason = 'in_standard' THEN 'due'
        WHEN reason = 'past_standard' THEN 'late'
        WHEN reason = 'legal_end_near' THEN 'closing'
        WHEN reason IN ('window_ended', 'no_time_left') THEN 'missed'
        WHEN reason IN (
            'birth_unknown', 'sex_unknown', 'other_sex', 'before_programme', 'no_window', 'other_series', 'variant', 'cut_off',
            'waived'
        ) THEN 'not_applicable'
        ELSE 'excluded'
    END AS status,
    reason,
    given_on,
    opens_on,
    standard_from,
    standard_until,
    closes_on,
    earliest_next_on,
    birth_date,
    birth_school_year,
    district,
    is_resident
FROM slot_reason
