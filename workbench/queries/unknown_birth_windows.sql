-- unknown_birth_windows: residents of unknown birth (不詳), and how the windows of a slot can be read for each of them.
-- Params   $as_of DATE        the day asked about; a later dose is not seen
--          $slot VARCHAR      one slot, or * for all
--          $district VARCHAR  one district, or * for all
-- Reads    district, exemption_in_force, person, person_as_of, possible_birth, slot, unknown_birth_history,
--          unknown_birth_slot
-- Returns  one row per resident and slot (or without a reading), ordered by display_order, likelihood, person_id
--          person_id BIGINT, birth_date_precision VARCHAR, birth_earliest DATE, birth_latest DATE, slot VARCHAR,
--          opening VARCHAR, widest_from DATE, widest_until DATE, narrowest_from DATE, narrowest_until DATE,
--          recorded_doses BIGINT, exemption VARCHAR, district_name VARCHAR, likelihood INTEGER, display_order SMALLINT
-- Nulls    birth_earliest, birth_latest: nothing is known; slot and all that follows of it: no reading is possible, the
--          bounds are missing or too far apart (`unreadable`); narrowest_*: no day lies in the window of every possible
--          birth; exemption: none in force. Windows of special cohorts and of 長期療養特例 need more than a birth and
--          are not read here: ask `workbench explain` about such a person. recorded_doses: those a series of the slot
--          may count, in seasons those of the 年度; none of them is judged
-- Privacy  pseudonymous rows: for the section
-- Why      docs/decisions/0012-unknown-birth.md
WITH
resident AS (
    SELECT
        p.person_id,
        p.birth_date_precision,
        p.birth_earliest,
        p.birth_latest,
        coalesce(d.name, r.district) AS district_name,
        r.as_of
    FROM person AS p
    INNER JOIN person_as_of AS r ON p.person_id = r.person_id
    LEFT JOIN district AS d ON r.district = d.district
    WHERE p.birth_date IS NULL AND r.is_resident AND $district::VARCHAR IN ('*', r.district)
),

told AS (
    SELECT
        r.* EXCLUDE (as_of),
        s.slot,
        s.display_order,
        w.widest_from,
        w.widest_until,
        w.narrowest_from,
        w.narrowest_until,
        coalesce(h.doses, 0) AS recorded_doses,
        x.reason AS exemption,
        CASE
            WHEN r.as_of BETWEEN w.narrowest_from AND w.narrowest_until THEN 'surely'
            WHEN w.may_be_open THEN 'perhaps'
            ELSE 'not_now'
        END AS opening
    FROM resident AS r
    INNER JOIN unknown_birth_slot AS w ON r.person_id = w.person_id
    INNER JOIN slot AS s ON w.slot_no = s.display_order AND $slot::VARCHAR IN ('*', s.slot)
    LEFT JOIN unknown_birth_history AS h ON r.person_id = h.person_id AND w.slot_no = h.slot_no
    LEFT JOIN exemption_in_force AS x ON r.person_id = x.person_id AND s.vaccine = x.vaccine
    UNION ALL BY NAME
    SELECT
        r.* EXCLUDE (as_of),
        'unreadable' AS opening
    FROM resident AS r
    ANTI JOIN possible_birth AS b ON r.birth_earliest = b.birth_earliest AND r.birth_latest = b.birth_latest
)

SELECT
    person_id,
    birth_date_precision,
    birth_earliest,
    birth_latest,
    slot,
    opening,
    widest_from,
    widest_until,
    narrowest_from,
    narrowest_until,
    recorded_doses,
    exemption,
    district_name,
    CASE opening WHEN 'surely' THEN 1 WHEN 'perhaps' THEN 2 WHEN 'not_now' THEN 3 ELSE 4 END AS likelihood,
    display_order
FROM told
ORDER BY display_order, likelihood, person_id
