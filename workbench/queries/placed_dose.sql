-- placed_dose: the doses of each series in the order of their dates, and the slot that each fills.
-- Params   $part INTEGER  one of the parts into which the persons are divided, so that a city fits
--          $mask INTEGER  their number less one (a power of two)
-- Reads    begun_variant, fed_dose, series_slot, skip
-- Returns  one row per dose and series that counts it, in no order
--          dose_id BIGINT, person_id BIGINT, birth_date DATE, vaccine_no SMALLINT, is_lawful BOOLEAN, given_on DATE,
--          legal_no TINYINT, series_no SMALLINT, is_pregnancy BOOLEAN, episode INTEGER, is_duplicate BOOLEAN,
--          variant_no SMALLINT, position SMALLINT, slot_no SMALLINT
-- Nulls    birth_date: unknown; variant_no: none fits; slot_no: beyond the last position, or a duplicate
-- Privacy  pseudonymous rows, one per dose: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
in_variant AS (
    SELECT
        r.*,
        b.variant_no,
        lag(r.given_on) OVER (PARTITION BY r.person_id, r.series_no ORDER BY r.given_on) AS previous_on
    FROM fed_dose AS r
    LEFT JOIN begun_variant AS b ON r.person_id = b.person_id AND r.series_no = b.series_no
    WHERE r.has_variants AND NOT r.is_duplicate
),

floored AS (
    SELECT
        i.*,
        greatest(
            CASE WHEN i.nth > 1 AND i.given_on > k.dose_after THEN k.dose_position ELSE 1 END,
            CASE WHEN i.previous_on > k.previous_after THEN k.previous_position ELSE 1 END
        ) AS least_position
    FROM in_variant AS i
    LEFT JOIN skip AS k ON i.birth_date = k.birth_date AND i.series_no = k.series_no AND i.variant_no = k.variant_no
),

-- position(n) = max(position(n - 1) + 1, least position of dose n), unrolled
placed AS (
    SELECT
        * EXCLUDE (least_position, previous_on),
        nth + max(greatest(least_position - nth, 0)) OVER (
            PARTITION BY person_id, series_no
            ORDER BY given_on
        ) AS position
    FROM floored
    UNION ALL
    SELECT
        *,
        0::SMALLINT AS variant_no,
        nth AS position
    FROM fed_dose
    WHERE NOT has_variants OR is_duplicate
)

SELECT
    p.dose_id,
    p.person_id,
    p.birth_date,
    p.vaccine_no,
    p.is_lawful,
    p.given_on,
    p.legal_no,
    p.series_no,
    p.is_pregnancy,
    p.episode,
    p.is_duplicate,
    p.variant_no,
    p.position::SMALLINT AS position,
    s.slot_no
FROM placed AS p
LEFT JOIN series_slot AS s
    ON
        p.series_no = s.series_no AND p.variant_no = s.variant_no AND p.position = s.position
        AND NOT p.is_duplicate
