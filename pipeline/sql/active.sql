-- How many different subjects used the network: the base of every rate.
-- Grain: local day, site, year group, role, who-grade.
-- Inputs: traffic, subjects (see facts.sql).
SELECT
    traffic.day,
    traffic.site,
    subjects.year_group,
    subjects.role,
    subjects.who,
    count(DISTINCT subjects.subject) AS users
FROM traffic
INNER JOIN subjects
    ON subjects.day = traffic.day
    AND subjects."user" IS NOT DISTINCT FROM traffic."user"
    AND subjects.client_ip IS NOT DISTINCT FROM traffic.client_ip
    AND subjects.device IS NOT DISTINCT FROM traffic.device
    AND subjects.challenge = (traffic.verdict = 'challenge')
GROUP BY ALL
ORDER BY ALL
