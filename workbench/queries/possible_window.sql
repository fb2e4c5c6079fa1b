-- possible_window: the window that each possible birth of persons of unknown birth (不詳) has in each slot on a day.
-- Params   $as_of DATE  the day asked about
-- Reads    birth_asked, birth_choice, choice_series, possible_birth, series_slot, slot_place, unbegun_variant, waive,
--          window
-- Returns  one row per possible birth, day asked about and slot with a window, in no order
--          birth_date DATE, as_of DATE, slot_no SMALLINT, opens_on DATE, closes_on DATE, is_needed BOOLEAN
-- Nulls    none; is_needed: who has nothing recorded needs the slot
-- Privacy  nothing about one person: for other queries
-- Why      docs/decisions/0012-unknown-birth.md
WITH
windowed AS (
    SELECT
        b.birth_date,
        b.as_of,
        w.slot_no,
        w.opens_on,
        w.closes_on
    FROM birth_asked AS b
    SEMI JOIN possible_birth AS s ON b.birth_date = s.birth_date
    INNER JOIN "window" AS w
        ON b.birth_date = w.birth_date AND w.cohort = '' AND b.as_of BETWEEN w.known_from AND w.known_until
),

-- As in slot_series and slot_dates for a person without a dose: the series chosen, the variant of a first dose today.
needed AS (
    SELECT DISTINCT
        w.birth_date,
        w.as_of,
        w.slot_no
    FROM windowed AS w
    INNER JOIN slot_place AS g ON w.slot_no = g.slot_no
    LEFT JOIN birth_choice AS c ON w.birth_date = c.birth_date AND w.as_of = c.as_of AND g.group_no = c.group_no
    LEFT JOIN choice_series AS h ON c.choice = h.choice AND g.series_no = h.series_no
    LEFT JOIN unbegun_variant AS u ON w.birth_date = u.birth_date AND w.as_of = u.as_of AND g.series_no = u.series_no
    INNER JOIN series_slot AS k
        ON g.series_no = k.series_no AND w.slot_no = k.slot_no AND coalesce(u.variant_no, 0) = k.variant_no
    ANTI JOIN waive AS v ON k.series_no = v.series_no AND k.variant_no = v.variant_no AND k.slot_no = v.slot_no
    WHERE CASE WHEN w.as_of < g.chosen_from THEN g.series_no = g.only_series ELSE h.series_no IS NOT NULL END
)

SELECT
    w.birth_date,
    w.as_of,
    w.slot_no,
    w.opens_on,
    w.closes_on,
    n.slot_no IS NOT NULL AS is_needed
FROM windowed AS w
LEFT JOIN needed AS n ON w.birth_date = n.birth_date AND w.as_of = n.as_of AND w.slot_no = n.slot_no
