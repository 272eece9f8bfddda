-- How many different subjects used the network: the base of every rate.
-- Grain: local day, site, year group, role, who-grade.
-- Inputs: traffic (see facts.sql).
SELECT
    day,
    site,
    year_group,
    role,
    who,
    count(DISTINCT subject) AS users
FROM traffic
GROUP BY ALL
ORDER BY ALL
