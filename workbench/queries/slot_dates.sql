-- slot_dates: each person's place in each slot that has a window on a day, and what decides about it.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    birth_choice, choice_group, choice_series, exemption, judged, needed_after_all, next_dose, own_window,
--          person_as_of, person_choice, series, series_progress, series_slot, slot, variant, waive, window
-- Returns  one row per person and slot with a window, in no order
--          person_id BIGINT, birth_date DATE, birth_school_year BIGINT, sex VARCHAR, district VARCHAR,
--          is_resident BOOLEAN, as_of DATE, slot_no SMALLINT, series_no SMALLINT, given_on DATE, evaluation VARCHAR,
--          exemption VARCHAR, position SMALLINT, next_position SMALLINT, is_waived BOOLEAN, opens_on DATE,
--          standard_from DATE, standard_until DATE, closes_on DATE, earliest_next_on DATE
-- Nulls    series_no: another one is needed instead; given_on, evaluation: no dose fills the slot; exemption: none in
--          force; position: the slot is not needed in the person's variant; earliest_next_on: no interval
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
exempt AS (
    SELECT
        e.person_id,
        e.vaccine,
        arg_min(
            e.reason,
            CASE e.reason
                WHEN 'had_disease' THEN 1
                WHEN 'contraindicated' THEN 2
                WHEN 'vaccinated_elsewhere' THEN 3
                ELSE 4
            END
        ) AS reason
    FROM exemption AS e
    INNER JOIN person_as_of AS p ON e.person_id = p.person_id
    WHERE e.from_on <= p.as_of AND coalesce(e.until_on >= p.as_of, TRUE)
    GROUP BY e.person_id, e.vaccine
),

known AS (
    SELECT *
    FROM "window"
    WHERE
        cohort = ''
        AND known_from <= (SELECT max(p.as_of) FROM person_as_of AS p)
        AND known_until >= (SELECT min(p.as_of) FROM person_as_of AS p)
),

-- The pregnancy of the day: the first delivery expected from two weeks before it on, else the last.
own AS (
    SELECT
        o.*,
        coalesce(
            min(o.episode) FILTER (WHERE o.episode >= p.as_of - DATE '1900-01-01' - 14)
                OVER (PARTITION BY o.person_id, o.slot_no),
            max(o.episode) OVER (PARTITION BY o.person_id, o.slot_no)
        ) AS current_episode
    FROM own_window AS o
    INNER JOIN person_as_of AS p ON o.person_id = p.person_id
),

dated AS (
    SELECT
        p.*,
        w.slot_no,
        0 AS own_episode,
        w.opens_on,
        w.standard_from,
        w.standard_until,
        w.closes_on
    FROM person_as_of AS p
    INNER JOIN known AS w ON p.birth_date = w.birth_date AND p.as_of BETWEEN w.known_from AND w.known_until
    ANTI JOIN own AS o ON p.person_id = o.person_id AND w.slot_no = o.slot_no
    UNION ALL
    SELECT
        p.*,
        o.slot_no,
        o.episode AS own_episode,
        o.opens_on,
        o.standard_from,
        o.standard_until,
        o.closes_on
    FROM person_as_of AS p
    INNER JOIN own AS o
        ON
            p.person_id = o.person_id AND p.as_of BETWEEN o.known_from AND o.known_until
            AND (o.episode = 0 OR o.episode = o.current_episode)
),

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
),

serial AS (
    SELECT
        d.*,
        CASE WHEN g.is_seasonal THEN d.fiscal_year ELSE d.own_episode END AS episode,
        CASE WHEN d.as_of < g.chosen_from THEN g.only_series ELSE h.series_no END AS series_no
    FROM dated AS d
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
),

-- Doses of other seasons than those asked about are half of a city's, and fill nothing.
filled AS (
    SELECT j.*
    FROM judged AS j
    INNER JOIN series AS r ON j.series_no = r.series_no
    WHERE
        j.slot_no IS NOT NULL
        AND (
            r.episode <> 'season'
            OR j.episode BETWEEN (SELECT min(p.fiscal_year) FROM person_as_of AS p)
            AND (SELECT max(p.fiscal_year) FROM person_as_of AS p)
        )
),

-- Before any dose the variant is that of a first dose on the day.
unbegun AS (
    SELECT
        b.birth_date,
        b.as_of,
        v.series_no,
        min(v.variant_no) AS variant_no
    FROM (SELECT DISTINCT p.birth_date, p.as_of FROM person_as_of AS p) AS b
    INNER JOIN variant AS v
        ON b.birth_date = v.birth_date AND b.as_of BETWEEN v.first_from AND v.first_until AND v.product_no IS NULL
    GROUP BY b.birth_date, b.as_of, v.series_no
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
    d.series_no,
    e.given_on,
    e.evaluation,
    x.reason AS exemption,
    k.position,
    coalesce(g.next_position, 1) AS next_position,
    v.slot_no IS NOT NULL AND a.slot_no IS NULL AS is_waived,
    d.opens_on,
    -- A series begun before its standard period has its standard interval for a standard period.
    least(
        CASE
            WHEN coalesce(e.standard_until, n.standard_until) < d.standard_from
                THEN coalesce(e.standard_from, n.standard_from)
            ELSE greatest(d.standard_from, e.standard_from, n.standard_from)
        END,
        d.closes_on
    ) AS standard_from,
    least(coalesce(e.standard_until, n.standard_until, d.standard_until), d.closes_on) AS standard_until,
    d.closes_on,
    n.earliest_next_on
FROM serial AS d
INNER JOIN slot AS s ON d.slot_no = s.display_order
LEFT JOIN series_progress AS g ON d.person_id = g.person_id AND d.series_no = g.series_no
LEFT JOIN unbegun AS u
    ON g.person_id IS NULL AND d.birth_date = u.birth_date AND d.as_of = u.as_of AND d.series_no = u.series_no
LEFT JOIN series_slot AS k
    ON d.series_no = k.series_no AND d.slot_no = k.slot_no AND k.variant_no = coalesce(g.variant_no, u.variant_no, 0)
LEFT JOIN waive AS v ON d.series_no = v.series_no AND k.variant_no = v.variant_no AND d.slot_no = v.slot_no
LEFT JOIN needed_after_all AS a ON v.slot_no = a.slot_no AND d.person_id = a.person_id
LEFT JOIN filled AS e
    ON
        d.person_id = e.person_id AND d.slot_no = e.slot_no AND d.series_no = e.series_no AND d.episode = e.episode
        AND e.given_on <= d.as_of
LEFT JOIN next_dose AS n ON d.person_id = n.person_id AND d.series_no = n.series_no AND d.slot_no = n.slot_no
LEFT JOIN exempt AS x ON d.person_id = x.person_id AND s.vaccine = x.vaccine
