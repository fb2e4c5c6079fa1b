-- irregular_doses: how the doses of a period are judged under the law of their day, the valid ones included.
-- Params   $as_of DATE     the day asked about; a later dose is not seen
--          $from_on DATE   first day of the period
--          $until_on DATE  last day of the period
-- Reads    dose_evaluation, vaccine
-- Returns  one row per kind of dose, ordered by vaccine, clinic, legal_class, evaluation, reason
--          vaccine VARCHAR, vaccine_name VARCHAR, clinic VARCHAR, legal_class VARCHAR, evaluation VARCHAR,
--          reason VARCHAR, doses BIGINT, recorded_otherwise BIGINT, birth_unknown BIGINT
-- Nulls    none: clinic is - where none is recorded
-- Privacy  raw counts: disclosure stands between this and any reader outside the section
-- Why      docs/decisions/0011-evaluation.md
SELECT
    e.vaccine,
    coalesce(v.name, e.vaccine) AS vaccine_name,
    coalesce(e.clinic, '-') AS clinic,
    e.legal_class,
    e.evaluation,
    e.reason,
    count(*) AS doses,
    count(*) FILTER (WHERE e.is_recorded_otherwise) AS recorded_otherwise, -- 期 or 回 that contradicts the order
    count(*) FILTER (WHERE e.birth_date IS NULL) AS birth_unknown
FROM dose_evaluation AS e
LEFT JOIN vaccine AS v ON e.vaccine = v.vaccine
GROUP BY ALL
ORDER BY e.vaccine, clinic, e.legal_class, e.evaluation, e.reason
