-- slot_dates: each person's place in each slot that has a window on a day, and what decides about it.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    birth_choice, choice_group, choice_series, dose_judged, exemption, needed_after_all, next_dose, own_window,
--          person_as_of, person_choice, series, series_progress, series_slot, slot, variant, waive, window
-- Returns  one row per person and slot with a window, in no order
--          person_id BIGINT, birth_date DATE, birth_school_year BIGINT, sex VARCHAR, district VARCHAR,
--          is_resident BOOLEAN, slot VARCHAR, slot_sex VARCHAR, series VARCHAR, given_on DATE, evaluation VARCHAR,
--          exemption VARCHAR, position SMALLINT, next_position BIGINT, is_waived BOOLEAN, opens_on DATE,
--          standard_from DATE, standard_until DATE, closes_on DATE, earliest_next_on DATE
-- Nulls    series: another one is needed instead; given_on, evaluation: no dose fills the slot; exemption: none in force;
--          position: the slot is not needed in the person's variant; earliest_next_on: no interval
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
exempt AS (
    SELECT
        person_id,
        vaccine,
        arg_min(
            reason,
            CASE reason
                WHEN 'had_disease' THEN 1
                WHEN 'contraindicated' THEN 2
                WHEN 'vaccinated_elsewhere' THEN 3
                ELSE 4
            END
        ) AS reason
    FROM exemption
    WHERE from_on <= $as_of::DATE AND coalesce(until_on >= $as_of::DATE, TRUE)
    GROUP BY person_id, vaccine
),

today AS (
    SELECT
        year($as_of::DATE) - CASE WHEN month($as_of::DATE) < 4 THEN 1 ELSE 0 END AS season,
        $as_of::DATE - DATE '1900-01-01' - 14 AS delivery
),

-- The pregnancy of the day: the first delivery expected from two weeks before it on, else the last.
own AS (
    SELECT
        o.*,
        coalesce(
            min(o.episode) FILTER (WHERE o.episode >= t.delivery) OVER (PARTITION BY o.person_id, o.slot),
            max(o.episode) OVER (PARTITION BY o.person_id, o.slot)
        ) AS current_episode
    FROM own_window AS o
    CROSS JOIN today AS t
),

dated AS (
    SELECT
        p.*,
        w.slot,
        0 AS own_episode,
        w.opens_on,
        w.standard_from,
        w.standard_until,
        w.closes_on
    FROM person_as_of AS p
    INNER JOIN "window" AS w
        ON p.birth_date = w.birth_date AND w.cohort = '' AND $as_of::DATE BETWEEN w.known_from AND w.known_until
    ANTI JOIN own AS o ON p.person_id = o.person_id AND w.slot = o.slot
    UNION ALL
    SELECT
        p.*,
        o.slot,
        o.episode AS own_episode,
        o.opens_on,
        o.standard_from,
        o.standard_until,
        o.closes_on
    FROM person_as_of AS p
    INNER JOIN own AS o
        ON
            p.person_id = o.person_id AND $as_of::DATE BETWEEN o.known_from AND o.known_until
            AND (o.episode = 0 OR o.episode = o.current_episode)
),

-- Where nothing is to choose a slot has one series; elsewhere the choice says which of its series, if any.
belonging AS (
    SELECT DISTINCT
        s.slot,
        s.series,
        r.choice_group,
        r.episode
    FROM series_slot AS s
    INNER JOIN series AS r ON s.series = r.series
),

grouped AS (
    SELECT DISTINCT
        b.slot,
        CASE WHEN g.effective_from <= $as_of::DATE THEN b.choice_group END AS choice_group,
        b.episode,
        CASE WHEN b.choice_group IS NULL OR g.effective_from > $as_of::DATE THEN b.series END AS only_series
    FROM belonging AS b
    LEFT JOIN choice_group AS g ON b.choice_group = g.choice_group
),

chosen AS (
    SELECT
        c.choice,
        b.slot,
        b.series
    FROM choice_series AS c
    INNER JOIN belonging AS b ON c.series = b.series
),

serial AS (
    SELECT
        d.*,
        CASE g.episode
            WHEN 'season' THEN t.season
            ELSE d.own_episode
        END AS episode,
        coalesce(g.only_series, h.series) AS series
    FROM dated AS d
    CROSS JOIN today AS t
    INNER JOIN grouped AS g ON d.slot = g.slot
    LEFT JOIN person_choice AS c
        ON
            d.person_id = c.person_id AND g.choice_group = c.choice_group
            AND c.season = CASE g.episode WHEN 'season' THEN t.season ELSE 0 END
    LEFT JOIN birth_choice AS b ON d.birth_date = b.birth_date AND g.choice_group = b.choice_group
    LEFT JOIN chosen AS h ON coalesce(c.choice, b.choice) = h.choice AND d.slot = h.slot
),

-- Before any dose the variant is that of a first dose on the day.
unbegun AS (
    SELECT
        birth_date,
        series,
        arg_min(variant, variant_order) AS variant
    FROM variant
    WHERE $as_of::DATE BETWEEN first_from AND first_until AND product IS NULL
    GROUP BY birth_date, series
)

SELECT
    d.person_id,
    d.birth_date,
    d.birth_school_year,
    d.sex,
    d.district,
    d.is_resident,
    d.slot,
    s.sex AS slot_sex,
    d.series,
    e.given_on,
    e.evaluation,
    x.reason AS exemption,
    k.position,
    coalesce(g.next_position, 1) AS next_position,
    v.slot IS NOT NULL AND a.slot IS NULL AS is_waived,
    d.opens_on,
    -- A series begun before its standard period has its standard interval for a standard period.
    least(
        CASE
            WHEN n.standard_until < d.standard_from THEN n.standard_from
            ELSE greatest(d.standard_from, n.standard_from)
        END,
        d.closes_on
    ) AS standard_from,
    least(coalesce(n.standard_until, d.standard_until), d.closes_on) AS standard_until,
    d.closes_on,
    n.earliest_next_on
FROM serial AS d
INNER JOIN slot AS s ON d.slot = s.slot
LEFT JOIN series_progress AS g ON d.person_id = g.person_id AND d.series = g.series AND d.episode = g.episode
LEFT JOIN unbegun AS u ON g.person_id IS NULL AND d.birth_date = u.birth_date AND d.series = u.series
LEFT JOIN series_slot AS k
    ON d.series = k.series AND d.slot = k.slot AND k.variant = coalesce(g.variant, u.variant, '-')
LEFT JOIN waive AS v ON d.series = v.series AND k.variant = v.variant AND d.slot = v.slot
LEFT JOIN needed_after_all AS a ON d.person_id = a.person_id AND d.slot = a.slot
LEFT JOIN dose_judged AS e ON d.person_id = e.person_id AND d.slot = e.slot AND d.series = e.series AND d.episode = e.episode
LEFT JOIN next_dose AS n ON d.person_id = n.person_id AND d.slot = n.slot
LEFT JOIN exempt AS x ON d.person_id = x.person_id AND s.vaccine = x.vaccine
