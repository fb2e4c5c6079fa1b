-- slot_status: what each person's place in each series is on a day, with the reason and the dates behind it.
-- Params   $as_of DATE            the day asked about; a later dose is not seen
--          $closing_days INTEGER  a legal end within so many days makes a slot `closing`
-- Reads    slot_reason
-- Returns  one row per person and slot, in no order
--          person_id BIGINT, slot VARCHAR, status VARCHAR, reason VARCHAR, given_on DATE, opens_on DATE,
--          standard_from DATE, standard_until DATE, closes_on DATE, earliest_next_on DATE, birth_date DATE,
--          birth_school_year BIGINT, district VARCHAR, is_resident BOOLEAN
-- Nulls    given_on: no dose fills the slot; opens_on to closes_on: not applicable; earliest_next_on: nothing to wait
--          for; birth_date, birth_school_year: the day of birth is unknown
-- Privacy  pseudonymous rows: for other queries and restricted lists
-- Why      docs/decisions/0006-one-status-per-slot.md
WITH
translated AS (
    SELECT
        *,
        CASE
            WHEN reason IN ('valid', 'private') THEN 'done'
            WHEN reason IN ('too_early', 'too_soon', 'too_late', 'wrong_product', 'not_in_force') THEN 'done_irregular'
            WHEN reason IN ('before_window', 'waiting_previous', 'waiting_interval') THEN 'not_yet_open'
            WHEN reason = 'before_standard' THEN 'open'
            WHEN reason = 'in_standard' THEN 'due'
            WHEN reason = 'past_standard' THEN 'late'
            WHEN reason = 'legal_end_near' THEN 'closing'
            WHEN reason IN ('window_ended', 'no_time_left') THEN 'missed'
            WHEN reason IN ('had_disease', 'contraindicated', 'vaccinated_elsewhere', 'declined') THEN 'excluded'
            ELSE 'not_applicable'
        END AS status
    FROM slot_reason
)

SELECT
    person_id,
    slot,
    status,
    reason,
    CASE WHEN status <> 'not_applicable' THEN given_on END AS given_on,
    CASE WHEN status <> 'not_applicable' THEN opens_on END AS opens_on,
    CASE WHEN status <> 'not_applicable' THEN standard_from END AS standard_from,
    CASE WHEN status <> 'not_applicable' THEN standard_until END AS standard_until,
    CASE WHEN status <> 'not_applicable' THEN closes_on END AS closes_on,
    CASE WHEN status <> 'not_applicable' THEN earliest_next_on END AS earliest_next_on,
    birth_date,
    birth_school_year,
    district,
    is_resident
FROM translated
