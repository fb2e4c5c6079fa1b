-- chosen_dose: the judgements of the doses of a period, one for each, in the series that the history needs.
-- Params   $as_of DATE    the day asked about; a later dose is not seen
--          $from_on DATE  first day of the period
--          $until_on DATE  last day of the period
-- Reads    asked, choice_group, choice_series, judged, person_choice, series
-- Returns  one row per dose, in no order
--          the columns of judged, and choice SMALLINT, is_needed BOOLEAN
-- Nulls    choice: nothing was to choose
-- Privacy  pseudonymous rows, one per dose: for other queries
-- Why      docs/decisions/0011-evaluation.md
WITH
chosen AS (
    SELECT
        j.*,
        c.choice,
        r.group_no IS NULL OR j.given_on < g.effective_from OR s.series_no IS NOT NULL AS is_needed
    FROM judged AS j
    LEFT JOIN series AS r ON j.series_no = r.series_no
    LEFT JOIN (SELECT DISTINCT k.group_no, k.effective_from FROM choice_group AS k) AS g ON r.group_no = g.group_no
    LEFT JOIN person_choice AS c ON j.person_id = c.person_id AND r.group_no = c.group_no AND j.episode = c.season
    LEFT JOIN choice_series AS s ON c.choice = s.choice AND j.series_no = s.series_no
    LEFT JOIN asked AS q ON j.person_id = q.person_id
    WHERE j.given_on BETWEEN $from_on::DATE AND $until_on::DATE AND j.given_on <= coalesce(q.as_of, $as_of::DATE)
)

SELECT *
FROM chosen
QUALIFY row_number() OVER (PARTITION BY dose_id ORDER BY is_needed DESC, slot_no IS NULL, series_no) = 1
