-- Counts with the subject: for the network manager and the DSL, kept no longer than the events.
-- Grain: local day, site, subject, category, verdict.
-- Inputs: counted (see facts.sql).
SELECT
    day,
    site,
    subject,
    subject_kind,
    class,
    year_group,
    category,
    verdict,
    sum(events)::BIGINT AS events
FROM counted
GROUP BY ALL
ORDER BY ALL
