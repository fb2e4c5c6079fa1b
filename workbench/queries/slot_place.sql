-- slot_place: the series in which each slot may stand, and the group of the statute's choices that picks one of them.
-- Params   none
-- Reads    choice_group, series, series_slot
-- Returns  one row per slot and series, in no order
--          slot_no SMALLINT, series_no SMALLINT, is_seasonal BOOLEAN, group_no SMALLINT, chosen_from DATE,
--          only_series SMALLINT
-- Nulls    group_no: nothing is to choose; only_series: never needed without a choice
-- Privacy  nothing about persons
-- Why      docs/decisions/0011-evaluation.md
SELECT DISTINCT
    k.slot_no,
    k.series_no,
    r.episode = 'season' AS is_seasonal,
    r.group_no,
    coalesce(g.effective_from, DATE '9999-12-31') AS chosen_from,
    -- every slot that may be needed without a choice has one series only
    CASE WHEN g.effective_from IS NULL OR g.effective_from > DATE '0001-01-01' THEN k.series_no END AS only_series
FROM series_slot AS k
INNER JOIN series AS r ON k.series_no = r.series_no
LEFT JOIN choice_group AS g ON r.group_no = g.group_no
