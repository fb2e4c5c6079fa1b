-- unknown_birth_history: the slots of persons of unknown birth (不詳) about which something recorded may decide.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    judged, person_as_of, recorded_history, series_vaccine, slot_place, vaccine
-- Returns  one row per person and slot, in no order
--          person_id BIGINT, slot_no SMALLINT, doses BIGINT
-- Nulls    none; doses: those that a series of the slot may count, in seasons those of the 年度; 0: only records of
--          another series of its group
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0012-unknown-birth.md
WITH
unknown AS (
    SELECT
        person_id,
        as_of,
        fiscal_year
    FROM person_as_of
    WHERE birth_date IS NULL
),

-- A dose of one vaccine can change which of several series is needed.
found AS (
    SELECT
        u.person_id,
        g.slot_no,
        j.dose_id
    FROM unknown AS u
    INNER JOIN judged AS j ON u.person_id = j.person_id AND u.as_of >= j.given_on
    INNER JOIN slot_place AS g ON j.series_no = g.series_no
    WHERE NOT g.is_seasonal OR u.fiscal_year = j.episode
    UNION ALL
    SELECT
        u.person_id,
        g.slot_no,
        NULL AS dose_id
    FROM unknown AS u
    INNER JOIN recorded_history AS h ON u.person_id = h.person_id
    INNER JOIN slot_place AS g ON h.group_no = g.group_no
    UNION ALL
    -- 麻しん or 風しん alone: which of the two series of MR they may complete is a matter of the birth.
    SELECT
        u.person_id,
        g.slot_no,
        j.dose_id
    FROM unknown AS u
    INNER JOIN judged AS j
        ON u.person_id = j.person_id AND u.as_of >= j.given_on AND j.series_no = 0 AND j.reason = 'birth_unknown'
    INNER JOIN vaccine AS v ON j.vaccine_no = v.vaccine_no AND v.vaccine IN ('M', 'R')
    INNER JOIN vaccine AS c ON c.vaccine = 'MR'
    INNER JOIN series_vaccine AS f ON c.vaccine_no = f.vaccine_no AND f.by_age
    INNER JOIN slot_place AS g ON f.series_no = g.series_no
)

SELECT
    person_id,
    slot_no,
    count(DISTINCT dose_id) AS doses
FROM found
GROUP BY person_id, slot_no
