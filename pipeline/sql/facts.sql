-- Counts without names: all traffic (category is empty), and flagged events by category.
-- Grain: local day, site, class, year group, role, category, verdict, kind.
-- Inputs: counted (the results of traffic.sql and flagged.sql, with the columns that say who it was).
-- Tests: the events of the rows without category are all events of the lake.
SELECT
    day,
    site,
    class,
    year_group,
    role,
    category,
    verdict,
    kind,
    sum(events)::BIGINT AS events
FROM counted
GROUP BY ALL
ORDER BY ALL
