-- slot_dates: each person's place in each series that has a window for the birth date, and what decides about it.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    dose_evaluation, exemption, next_dose, other_series, person_as_of, slot, window
-- Returns  one row per person and slot with a window, in no order
--          person_id BIGINT, birth_date DATE, birth_school_year BIGINT, sex VARCHAR, district VARCHAR,
--          is_resident BOOLEAN, slot VARCHAR, slot_sex VARCHAR, given_on DATE, evaluation VARCHAR, exemption VARCHAR,
--          is_other_series BOOLEAN, has_previous BOOLEAN, opens_on DATE, standard_from DATE, standard_until DATE,
--          closes_on DATE, earliest_next_on DATE
-- Nulls    given_on, evaluation: no dose fills the slot; exemption: none in force; earliest_next_on: no interval
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0006-one-status-per-slot.md
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
)

SELECT
    p.person_id,
    p.birth_date,
    p.birth_school_year,
    p.sex,
    p.district,
    p.is_resident,
    s.slot,
    s.sex AS slot_sex,
    e.given_on,
    e.evaluation,
    x.reason AS exemption,
    o.series IS NOT NULL AS is_other_series,
    s.position = 1 OR coalesce(n.has_previous, FALSE) AS has_previous,
    w.opens_on,
    -- A series begun before its standard period has its standard interval for a standard period.
    least(
        CASE
            WHEN n.standard_until < w.standard_from THEN n.standard_from
            ELSE greatest(w.standard_from, n.standard_from)
        END,
        w.closes_on
    ) AS standard_from,
    least(coalesce(n.standard_until, w.standard_until), w.closes_on) AS standard_until,
    w.closes_on,
    n.earliest_next_on
FROM person_as_of AS p
INNER JOIN "window" AS w ON p.birth_date = w.birth_date
INNER JOIN slot AS s ON w.slot = s.slot
LEFT JOIN dose_evaluation AS e ON p.person_id = e.person_id AND w.slot = e.slot
LEFT JOIN next_dose AS n ON p.person_id = n.person_id AND w.slot = n.slot
LEFT JOIN other_series AS o ON p.person_id = o.person_id AND s.series = o.series
LEFT JOIN exempt AS x ON p.person_id = x.person_id AND s.vaccine = x.vaccine
