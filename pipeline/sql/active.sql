-- How many different subjects used the network: the base of every rate.
-- Grain: local day, site, year group, role, who-grade.
-- Inputs: counted (see facts.sql).
SELECT
    day,
    site,
    year_group,
    role,
    who,
    count(DISTINCT subject) AS users
FROM counted
WHERE category = ''
GROUP BY ALL
ORDER BY ALL
