-- coverage: how far each birth cohort of residents is vaccinated, by slot and district.
-- Params   $as_of DATE                the day asked about: residents of that day, doses up to that day
--          $closing_days INTEGER      a legal end within so many days makes a slot `closing`
--          $first_birth_year INTEGER  first school year of birth (2 April to 1 April)
--          $last_birth_year INTEGER   last school year of birth, included
--          $programme VARCHAR         one programme, or * for all
-- Reads    district, slot, slot_status
-- Returns  one row per school year of birth, slot and district, ordered by birth_school_year, display_order, district
--          birth_school_year BIGINT, slot VARCHAR, slot_label VARCHAR, district VARCHAR, district_name VARCHAR,
--          denominator BIGINT, numerator BIGINT, done_valid BIGINT, done_private BIGINT, done_irregular BIGINT,
--          excluded BIGINT, not_applicable BIGINT, not_done BIGINT, not_yet_open BIGINT, open BIGINT, due BIGINT,
--          late BIGINT, closing BIGINT, missed BIGINT, display_order SMALLINT
-- Nulls    none: district is - where none is recorded; residents of unknown birth date are in unknown_births, not here
-- Privacy  raw counts: disclosure stands between this and any reader outside the section
-- Why      docs/decisions/0006-one-status-per-slot.md
WITH
counted AS (
    SELECT
        birth_school_year,
        slot,
        district,
        count(*) AS denominator,
        count(*) FILTER (WHERE reason = 'valid') AS done_valid,
        count(*) FILTER (WHERE reason = 'private') AS done_private,
        count(*) FILTER (WHERE status = 'done_irregular') AS done_irregular,
        count(*) FILTER (WHERE status = 'excluded') AS excluded,
        count(*) FILTER (WHERE status = 'not_applicable') AS not_applicable,
        count(*) FILTER (WHERE status = 'not_yet_open') AS not_yet_open,
        count(*) FILTER (WHERE status = 'open') AS open,
        count(*) FILTER (WHERE status = 'due') AS due,
        count(*) FILTER (WHERE status = 'late') AS late,
        count(*) FILTER (WHERE status = 'closing') AS closing,
        count(*) FILTER (WHERE status = 'missed') AS missed
    FROM slot_status
    WHERE
        is_resident
        AND birth_school_year BETWEEN $first_birth_year::INTEGER AND $last_birth_year::INTEGER
        AND slot IN (
            SELECT k.slot
            FROM slot AS k
            WHERE $programme::VARCHAR IN ('*', k.programme)
        )
    GROUP BY birth_school_year, slot, district
)

SELECT
    c.birth_school_year,
    c.slot,
    s.label AS slot_label,
    c.district,
    coalesce(d.name, c.district) AS district_name,
    c.denominator,
    c.done_valid AS numerator, -- 定期 and valid; what else may count as vaccinated stands beside it
    c.done_valid,
    c.done_private,
    c.done_irregular,
    c.excluded,
    c.not_applicable,
    c.not_yet_open + c.open + c.due + c.late + c.closing + c.missed AS not_done,
    c.not_yet_open,
    c.open,
    c.due,
    c.late,
    c.closing,
    c.missed,
    s.display_order
FROM counted AS c
INNER JOIN slot AS s ON c.slot = s.slot
LEFT JOIN district AS d ON c.district = d.district
ORDER BY c.birth_school_year, s.display_order, c.district
