-- Counts without names: all traffic (category is empty), and flagged events by category.
-- Grain: local day, site, class, year group, role, category, verdict, kind.
-- Inputs: traffic, flagged (results of the queries of those names); subjects (day, user, client_ip, device, challenge
-- -> who it was). Tests: the events of the rows without category are all events of the lake.
WITH
counted AS (
    SELECT day, site, "user", client_ip, device, '' AS category, verdict, kind, events FROM traffic
    UNION ALL
    SELECT day, site, "user", client_ip, device, category, verdict, kind, events FROM flagged
)
SELECT
    counted.day,
    counted.site,
    subjects.class,
    subjects.year_group,
    subjects.role,
    counted.category,
    counted.verdict,
    counted.kind,
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
