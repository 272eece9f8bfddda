-- All traffic, counted once for every aggregate that follows.
-- Grain: local day, site, format, user, client_ip, device, verdict, kind; the category is empty.
-- Inputs: events (the lake); quarters (quarter: a quarter of an hour since 1970, day, hour: local), which also says
-- which days are wanted; $first and $last bound them (UTC, $last is not included), so that no more is read.
SELECT
    quarters.day,
    events.site,
    events.format,
    events."user",
    events.client_ip,
    events.device,
    events.verdict,
    events.kind,
    '' AS category,
    count(*) AS events
FROM events
INNER JOIN quarters ON quarters.quarter = epoch_us(events.ts) // 900000000
WHERE events.ts >= $first AND events.ts < $last
GROUP BY ALL
ORDER BY ALL
