-- placed_dose: the doses of each series in the order of their dates, and the slot that each fills.
-- Params   $as_of DATE  the day asked about; a later dose is not seen
-- Reads    fed_dose, series_slot, skip, variant
-- Returns  one row per dose and series that counts it, in no order
--          person_id BIGINT, series VARCHAR, episode BIGINT, vaccine VARCHAR, product VARCHAR, stage VARCHAR,
--          dose_no SMALLINT, given_on DATE, legal_class VARCHAR, clinic VARCHAR, source VARCHAR, birth_date DATE,
--          known_product VARCHAR, lawful_from DATE, lawful_until DATE, kind VARCHAR, variant VARCHAR, nth BIGINT,
--          previous_on DATE, is_duplicate BOOLEAN, dose_position BIGINT, slot VARCHAR
-- Nulls    as fed_dose; previous_on: the first dose; variant: none fits; slot: beyond the last position, or a duplicate
-- Privacy  pseudonymous rows, one per dose: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
-- Of several doses on one day the 定期 one counts; what is recorded as 期 and 回 only settles ties.
ranked AS (
    SELECT
        *,
        dense_rank() OVER (PARTITION BY person_id, series, episode ORDER BY given_on) AS nth,
        row_number() OVER (
            PARTITION BY person_id, series, episode, given_on
            ORDER BY legal_class, stage, dose_no, vaccine, product, clinic, source
        ) > 1 AS is_duplicate
    FROM fed_dose
),

begun AS (
    SELECT
        r.person_id,
        r.series,
        arg_min(v.variant, v.variant_order) AS variant
    FROM ranked AS r
    INNER JOIN variant AS v
        ON
            r.birth_date = v.birth_date AND r.series = v.series AND r.given_on BETWEEN v.first_from AND v.first_until
            AND (v.product IS NULL OR v.product = r.known_product)
    WHERE r.has_variants AND r.nth = 1 AND NOT r.is_duplicate
    GROUP BY r.person_id, r.series
),

in_variant AS (
    SELECT
        r.*,
        b.variant,
        lag(r.given_on) OVER in_order AS previous_on
    FROM ranked AS r
    LEFT JOIN begun AS b ON r.person_id = b.person_id AND r.series = b.series
    WHERE r.has_variants AND NOT r.is_duplicate
    WINDOW in_order AS (PARTITION BY r.person_id, r.series ORDER BY r.given_on)
),

floored AS (
    SELECT
        i.*,
        greatest(
            CASE WHEN i.nth > 1 AND i.given_on > k.dose_after THEN k.dose_position ELSE 1 END,
            CASE WHEN i.previous_on > k.previous_after THEN k.previous_position ELSE 1 END
        ) AS least_position
    FROM in_variant AS i
    LEFT JOIN skip AS k ON i.birth_date = k.birth_date AND i.series = k.series AND i.variant = k.variant
),

-- i(n) = max(i(n-1) + 1, least position of dose n), unrolled.
positioned AS (
    SELECT
        * EXCLUDE (least_position),
        nth + max(greatest(least_position - nth, 0)) OVER (
            PARTITION BY person_id, series
            ORDER BY given_on
        ) AS dose_position
    FROM floored
),

placed AS (
    SELECT *
    FROM positioned
    UNION ALL
    SELECT
        *,
        '-' AS variant,
        NULL::DATE AS previous_on,
        nth AS dose_position
    FROM ranked
    WHERE NOT has_variants OR is_duplicate
)

SELECT
    p.* EXCLUDE (has_variants),
    s.slot
FROM placed AS p
LEFT JOIN series_slot AS s
    ON p.series = s.series AND p.variant = s.variant AND p.dose_position = s.position AND NOT p.is_duplicate
