-- How many events each source gave in each local hour; an hour that is missing had no log.
-- Grain: local day, site, source, hour.
-- Inputs: traffic (result of traffic.sql).
SELECT
    day,
    site,
    source,
    hour,
    sum(events)::BIGINT AS events
FROM traffic
GROUP BY ALL
ORDER BY ALL
