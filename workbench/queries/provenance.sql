-- provenance: where this snapshot comes from, for every report to print.
-- Params   none
-- Reads    about
-- Returns  one row
--          snapshot_id VARCHAR, extracted_on DATE, municipality_code VARCHAR, domain VARCHAR, rule_version VARCHAR,
--          code_version VARCHAR, format_version SMALLINT
-- Nulls    none
-- Privacy  nothing about persons
-- Why      design: promise P9
SELECT
    snapshot_id,
    extracted_on,
    municipality_code,
    domain,
    rule_version,
    code_version,
    format_version
FROM about
