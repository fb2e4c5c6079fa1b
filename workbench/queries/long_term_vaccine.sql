-- long_term_vaccine: for which vaccines a 長期療養特例 counts in a choice among series, and when the latest reason ended.
-- Params   none
-- Reads    choice_group, special, vaccine
-- Returns  one row per person, group and vaccine, in no order
--          person_id BIGINT, group_no SMALLINT, vaccine_no SMALLINT, vaccine_order SMALLINT, reason_end_on DATE
-- Nulls    none
-- Privacy  pseudonymous rows: for other queries
-- Why      docs/decisions/0030-a-combined-vaccine-is-judged-by-its-own-law.md
SELECT
    s.person_id,
    g.group_no,
    g.vaccine_no,
    g.vaccine_order,
    max(s.reason_end_on) AS reason_end_on
FROM special AS s
INNER JOIN vaccine AS v ON s.vaccine = v.vaccine
INNER JOIN choice_group AS g ON v.vaccine_no = g.vaccine_no AND g.counts_long_term
WHERE s.kind = 'long_term_care'
GROUP BY s.person_id, g.group_no, g.vaccine_no, g.vaccine_order
