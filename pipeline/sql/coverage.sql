-- How many events each source gave in each local hour; an hour that is missing had no log.
-- Grain: local day, site, source, hour.
-- Inputs: events (the lake), quarters (see traffic.sql).
SELECT
    quarters.day,
    events.site,
    events.source,
    quarters.hour,
    count(*) AS events
FROM events
INNER JOIN quarters ON quarters.quarter = epoch_us(events.ts) // 900000000
GROUP BY ALL
ORDER BY ALL
