-- slot_dates: each person's place in each slot that has a window on a day, and what decides about it.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    exemption_in_force, filled_slot, needed_after_all, next_dose, series_progress, series_slot, slot,
--          slot_series, unbegun_variant, waive
-- Returns  one row per person and slot with a window, in no order
--          person_id BIGINT, birth_date DATE, birth_school_year BIGINT, sex VARCHAR, district VARCHAR,
--          is_resident BOOLEAN, as_of DATE, slot_no SMALLINT, series_no SMALLINT, given_on DATE, evaluation VARCHAR,
--          exemption VARCHAR, position SMALLINT, next_position SMALLINT, is_waived BOOLEAN, opens_on DATE,
--          standard_from DATE, standard_until DATE, closes_on DATE, earliest_next_on DATE
-- Nulls    series_no: another one is needed instead; given_on, evaluation: no dose fills the slot; exemption: none in
--          force; position: the slot is not needed in the person's variant; earliest_next_on: no interval
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
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
FROM slot_series AS d
INNER JOIN slot AS s ON d.slot_no = s.display_order
LEFT JOIN series_progress AS g ON d.person_id = g.person_id AND d.series_no = g.series_no
LEFT JOIN unbegun_variant AS u
    ON g.person_id IS NULL AND d.birth_date = u.birth_date AND d.as_of = u.as_of AND d.series_no = u.series_no
LEFT JOIN series_slot AS k
    ON d.series_no = k.series_no AND d.slot_no = k.slot_no AND coalesce(g.variant_no, u.variant_no, 0) = k.variant_no
LEFT JOIN waive AS v ON d.series_no = v.series_no AND k.variant_no = v.variant_no AND d.slot_no = v.slot_no
LEFT JOIN needed_after_all AS a ON v.slot_no = a.slot_no AND d.person_id = a.person_id
LEFT JOIN filled_slot AS e
    ON
        d.person_id = e.person_id AND d.slot_no = e.slot_no AND d.series_no = e.series_no AND d.episode = e.episode
        AND d.as_of >= e.given_on
LEFT JOIN next_dose AS n ON d.person_id = n.person_id AND d.series_no = n.series_no AND d.slot_no = n.slot_no
LEFT JOIN exemption_in_force AS x ON d.person_id = x.person_id AND s.vaccine = x.vaccine
