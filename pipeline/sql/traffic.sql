-- All traffic, counted once for every aggregate that follows.
-- Grain: local day, hour, site, source, user, client_ip, device, verdict, kind.
-- Inputs: events (the lake); quarters (quarter: a quarter of an hour since 1970, day, hour: local), which also says
-- which days are wanted.
WITH
placed AS (
    SELECT
        quarters.day,
        quarters.hour,
        events.site,
        events.source,
        events."user",
        events.client_ip,
        events.device,
        events.verdict,
        events.kind
    FROM events
    INNER JOIN quarters ON quarters.quarter = epoch_us(events.ts) // 900000000
)
SELECT
    day,
    hour,
    site,
    source,
    "user",
    client_ip,
    device,
    verdict,
    kind,
    count(*) AS events
FROM placed
GROUP BY ALL
ORDER BY ALL
