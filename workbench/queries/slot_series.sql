-- slot_series: the series in which each slot of a person with a window stands on a day.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    birth_choice, choice_series, person_choice, person_window, slot_place
-- Returns  one row per person and slot with a window, in no order
--          person_id BIGINT, birth_date DATE, birth_school_year BIGINT, sex VARCHAR, district VARCHAR,
--          is_resident BOOLEAN, as_of DATE, slot_no SMALLINT, opens_on DATE, standard_from DATE, standard_until DATE,
--          closes_on DATE, episode BIGINT, series_no SMALLINT
-- Nulls    series_no: another one is needed instead; birth_date, birth_school_year: unknown
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
chosen AS (
    SELECT
        c.choice,
        g.slot_no,
        g.series_no
    FROM choice_series AS c
    INNER JOIN slot_place AS g ON c.series_no = g.series_no
),

-- Where nothing is to choose a slot has one series; elsewhere the choice says which of its series, if any.
place AS (
    SELECT DISTINCT
        slot_no,
        is_seasonal,
        group_no,
        chosen_from,
        only_series
    FROM slot_place
)

SELECT
    d.person_id,
    d.birth_date,
    d.birth_school_year,
    d.sex,
    d.district,
    d.is_resident,
    d.as_of,
    d.slot_no,
    d.opens_on,
    d.standard_from,
    d.standard_until,
    d.closes_on,
    CASE WHEN g.is_seasonal THEN d.fiscal_year ELSE d.own_episode END AS episode,
    CASE WHEN d.as_of < g.chosen_from THEN g.only_series ELSE h.series_no END AS series_no
FROM person_window AS d
INNER JOIN place AS g ON d.slot_no = g.slot_no
LEFT JOIN person_choice AS c
    ON
        d.person_id = c.person_id AND g.group_no = c.group_no
        AND c.season = CASE WHEN g.is_seasonal THEN d.fiscal_year ELSE 0 END
LEFT JOIN birth_choice AS b ON d.birth_date = b.birth_date AND d.as_of = b.as_of AND g.group_no = b.group_no
LEFT JOIN chosen AS h ON coalesce(c.choice, b.choice) = h.choice AND d.slot_no = h.slot_no
