-- slot_grounds: the rows of law by which a slot stands where it does: its series, the variant, and the choice made.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    birth_choice, person_choice, series_progress, slot, slot_place, slot_series, unbegun_variant
-- Returns  one row per person and slot with a window, in no order
--          person_id BIGINT, slot VARCHAR, series_no SMALLINT, variant_no SMALLINT, choice SMALLINT
-- Nulls    series_no: another one is needed instead; variant_no: the series has none, or none fits; choice: nothing is
--          to be chosen
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
place AS (
    SELECT DISTINCT
        slot_no,
        is_seasonal,
        group_no,
        chosen_from
    FROM slot_place
)

SELECT
    d.person_id,
    s.slot,
    d.series_no,
    coalesce(r.variant_no, u.variant_no) AS variant_no,
    CASE WHEN d.as_of >= g.chosen_from THEN coalesce(c.choice, b.choice) END AS choice
FROM slot_series AS d
INNER JOIN slot AS s ON d.slot_no = s.display_order
INNER JOIN place AS g ON d.slot_no = g.slot_no
LEFT JOIN series_progress AS r ON d.person_id = r.person_id AND d.series_no = r.series_no
LEFT JOIN unbegun_variant AS u
    ON r.person_id IS NULL AND d.birth_date = u.birth_date AND d.as_of = u.as_of AND d.series_no = u.series_no
LEFT JOIN person_choice AS c
    ON
        d.person_id = c.person_id AND g.group_no = c.group_no
        AND c.season = CASE WHEN g.is_seasonal THEN d.episode ELSE 0 END
LEFT JOIN birth_choice AS b ON d.birth_date = b.birth_date AND d.as_of = b.as_of AND g.group_no = b.group_no
