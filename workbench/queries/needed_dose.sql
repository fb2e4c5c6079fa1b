-- needed_dose: the judged doses of a period, each in that of its series by which it is answered.
-- Params   $as_of DATE    the day asked about; a later dose is not seen
--          $from_on DATE  first day of the period
--          $until_on DATE  last day of the period
-- Reads    asked, choice_group, choice_series, judged, person_choice, series
-- Returns  one row per dose, in no order
--          dose_id BIGINT, person_id BIGINT, birth_date DATE, series_no SMALLINT, given_on DATE, slot_no SMALLINT,
--          evaluation VARCHAR, reason VARCHAR, opens_on DATE, closes_on DATE, earliest_on DATE, choice SMALLINT,
--          is_needed BOOLEAN
-- Nulls    birth_date: unknown; slot_no: the dose fills none; opens_on, closes_on: no window on its day; earliest_on:
--          no interval; choice, is_needed: nothing was to choose
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
beginning AS (
    SELECT DISTINCT
        k.group_no,
        k.effective_from
    FROM choice_group AS k
),

chosen AS (
    SELECT
        j.*,
        c.choice,
        r.group_no IS NULL OR j.given_on < g.effective_from OR s.series_no IS NOT NULL AS is_needed
    FROM judged AS j
    LEFT JOIN series AS r ON j.series_no = r.series_no
    LEFT JOIN beginning AS g ON r.group_no = g.group_no
    LEFT JOIN person_choice AS c ON j.person_id = c.person_id AND r.group_no = c.group_no AND j.episode = c.season
    LEFT JOIN choice_series AS s ON c.choice = s.choice AND j.series_no = s.series_no
    LEFT JOIN asked AS q ON j.person_id = q.person_id
    WHERE j.given_on BETWEEN $from_on::DATE AND $until_on::DATE AND j.given_on <= coalesce(q.as_of, $as_of::DATE)
)

-- A dose that counts in several needed series has the judgement of the first in which it fills a slot.
SELECT
    dose_id,
    person_id,
    birth_date,
    series_no,
    given_on,
    slot_no,
    evaluation,
    reason,
    opens_on,
    closes_on,
    earliest_on,
    choice,
    is_needed
FROM chosen
QUALIFY row_number() OVER (PARTITION BY dose_id ORDER BY NOT is_needed, slot_no IS NULL, series_no) = 1
