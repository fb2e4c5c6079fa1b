-- followup_list: residents who lack one slot and can still be vaccinated under the law, the most urgent first.
-- Params   $as_of DATE            the day asked about
--          $closing_days INTEGER  a legal end within so many days makes a slot `closing`
--          $slot VARCHAR          the slot
--          $district VARCHAR      one district, or * for all
-- Reads    district, slot_status
-- Returns  one row per person, ordered by urgency, days_left, person_id
--          person_id BIGINT, slot VARCHAR, status VARCHAR, reason VARCHAR, opens_on DATE, earliest_next_on DATE,
--          standard_from DATE, standard_until DATE, closes_on DATE, days_left BIGINT, birth_school_year BIGINT,
--          district VARCHAR, district_name VARCHAR, urgency INTEGER
-- Nulls    earliest_next_on: no dose before this one; district is - where none is recorded
-- Privacy  pseudonymous rows: a restricted list; letters join names behind the vault key
-- Why      docs/decisions/0006-one-status-per-slot.md
SELECT
    t.person_id,
    t.slot,
    t.status,
    t.reason,
    t.opens_on,
    t.earliest_next_on,
    t.standard_from,
    t.standard_until,
    t.closes_on,
    date_diff('day', $as_of::DATE, t.closes_on) AS days_left,
    t.birth_school_year,
    t.district,
    coalesce(d.name, t.district) AS district_name,
    CASE t.status WHEN 'closing' THEN 1 WHEN 'late' THEN 2 ELSE 3 END AS urgency
FROM slot_status AS t
LEFT JOIN district AS d ON t.district = d.district
WHERE
    t.slot = $slot::VARCHAR
    AND t.status IN ('closing', 'late', 'due')
    AND t.is_resident
    AND $district::VARCHAR IN ('*', t.district)
ORDER BY urgency, days_left, t.person_id
