-- unknown_birth_slot: the slots that may concern each person of unknown birth (不詳), widely and narrowly read.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    own_window_as_of, person, person_as_of, possible_slot, slot, unknown_birth_history
-- Returns  one row per person and slot, in no order
--          person_id BIGINT, slot_no SMALLINT, widest_from DATE, widest_until DATE, narrowest_from DATE,
--          narrowest_until DATE, may_be_open BOOLEAN
-- Nulls    narrowest_from, narrowest_until: no day lies in the window of every possible birth
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0012-unknown-birth.md
SELECT
    p.person_id,
    w.slot_no,
    w.widest_from,
    w.widest_until,
    w.narrowest_from,
    w.narrowest_until,
    w.may_be_open
FROM person AS p
INNER JOIN person_as_of AS r ON p.person_id = r.person_id
INNER JOIN possible_slot AS w
    ON p.birth_earliest = w.birth_earliest AND p.birth_latest = w.birth_latest AND r.as_of = w.as_of
INNER JOIN slot AS s ON w.slot_no = s.display_order AND (s.sex = '*' OR p.sex = s.sex)
LEFT JOIN unknown_birth_history AS h ON p.person_id = h.person_id AND w.slot_no = h.slot_no
WHERE p.birth_date IS NULL AND w.has_history = (h.slot_no IS NOT NULL)
UNION ALL
-- A pregnancy decides whatever the birth.
SELECT
    r.person_id,
    o.slot_no,
    o.opens_on AS widest_from,
    o.closes_on AS widest_until,
    o.opens_on AS narrowest_from,
    o.closes_on AS narrowest_until,
    r.as_of BETWEEN o.opens_on AND o.closes_on AS may_be_open
FROM person_as_of AS r
INNER JOIN own_window_as_of AS o ON r.person_id = o.person_id AND o.is_current
WHERE r.birth_date IS NULL
