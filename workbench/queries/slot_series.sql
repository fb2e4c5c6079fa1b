-- slot_series: the series in which each person's slot is filled, as the history needs it.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    birth_choice, choice_group, choice_series, person_choice, series, series_slot, window_in_force
-- Returns  one row per person and slot with a window, in no order
--          person_id BIGINT, birth_date DATE, birth_school_year BIGINT, sex VARCHAR, district VARCHAR, as_of DATE,
--          fiscal_year BIGINT, is_resident BOOLEAN, slot_no SMALLINT, own_episode INTEGER, opens_on DATE,
--          standard_from DATE, standard_until DATE, closes_on DATE, episode BIGINT, series_no SMALLINT
-- Nulls    birth_date, birth_school_year: the day of birth is unknown; series_no: another series is needed instead
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
-- Where nothing is to choose a slot has one series; elsewhere the choice says which of its series, if any.
belonging AS (
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
),

chosen AS (
    SELECT
        c.choice,
        b.slot_no,
        b.series_no
    FROM choice_series AS c
    INNER JOIN belonging AS b ON c.series_no = b.series_no
)

SELECT
    d.*,
    CASE WHEN g.is_seasonal THEN d.fiscal_year ELSE d.own_episode END AS episode,
    CASE WHEN d.as_of < g.chosen_from THEN g.only_series ELSE h.series_no END AS series_no
FROM window_in_force AS d
INNER JOIN (
    SELECT DISTINCT
        b.slot_no,
        b.is_seasonal,
        b.group_no,
        b.chosen_from,
        b.only_series
    FROM belonging AS b
) AS g
    ON d.slot_no = g.slot_no
LEFT JOIN person_choice AS c
    ON
        d.person_id = c.person_id AND g.group_no = c.group_no
        AND c.season = CASE WHEN g.is_seasonal THEN d.fiscal_year ELSE 0 END
LEFT JOIN birth_choice AS b ON d.birth_date = b.birth_date AND d.as_of = b.as_of AND g.group_no = b.group_no
LEFT JOIN chosen AS h ON coalesce(c.choice, b.choice) = h.choice AND d.slot_no = h.slot_no
