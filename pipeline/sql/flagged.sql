-- Events that were flagged, once for each category.
-- Grain: local day, site, format, user, client_ip, device, verdict, kind, category.
-- Inputs: hit_events (the lake); flags (event_id, category: each pair once); quarters (see traffic.sql).
WITH
placed AS (
    SELECT
        quarters.day,
        hit_events.site,
        hit_events.format,
        hit_events."user",
        hit_events.client_ip,
        hit_events.device,
        hit_events.verdict,
        hit_events.kind,
        flags.category
    FROM hit_events
    INNER JOIN flags ON flags.event_id = hit_events.event_id
    INNER JOIN quarters ON quarters.quarter = epoch_us(hit_events.ts) // 900000000
)
SELECT
    day,
    site,
    format,
    "user",
    client_ip,
    device,
    verdict,
    kind,
    category,
    count(*) AS events
FROM placed
GROUP BY ALL
ORDER BY ALL
