-- quality_summary: what became of every row of the extracts: read = kept + duplicate + quarantined, and why.
-- Params   none
-- Reads    quality
-- Returns  one row per file, outcome and reason, ordered by source, outcome_order, reason
--          source VARCHAR, outcome VARCHAR, reason VARCHAR, rows BIGINT, outcome_order INTEGER
-- Nulls    none; reason is empty for read and kept
-- Privacy  counts of rows, none of persons
-- Why      design: promise P5
SELECT
    source,
    outcome,
    reason,
    rows,
    CASE outcome WHEN 'read' THEN 1 WHEN 'kept' THEN 2 WHEN 'duplicate' THEN 3 WHEN 'quarantined' THEN 4 ELSE 5 END
        AS outcome_order
FROM quality
ORDER BY source, outcome_order, reason
