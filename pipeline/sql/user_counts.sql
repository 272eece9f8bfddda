-- Counts with the subject: for the network manager and the DSL, kept no longer than the events.
-- Grain: local day, site, subject, category, verdict.
-- Inputs: as facts.sql.
WITH
counted AS (
    SELECT day, site, "user", client_ip, device, '' AS category, verdict, events FROM traffic
    UNION ALL
    SELECT day, site, "user", client_ip, device, category, verdict, events FROM flagged
)
SELECT
    counted.day,
    counted.site,
    subjects.subject,
    subjects.subject_kind,
    subjects.class,
    subjects.year_group,
    counted.category,
    counted.verdict,
    sum(counted.events)::BIGINT AS events
FROM counted
INNER JOIN subjects
    ON subjects.day = counted.day
    AND subjects."user" IS NOT DISTINCT FROM counted."user"
    AND subjects.client_ip IS NOT DISTINCT FROM counted.client_ip
    AND subjects.device IS NOT DISTINCT FROM counted.device
    AND subjects.challenge = (counted.verdict = 'challenge')
GROUP BY ALL
ORDER BY ALL
