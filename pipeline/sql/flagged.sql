-- Events with at least one hit, once for each category that they were hit in.
-- Grain: local day, site, user, client_ip, device, verdict, kind, category.
-- Inputs: hits, hit_events (the lake); quarters (see traffic.sql).
WITH
categories AS (
    SELECT DISTINCT event_id, category FROM hits
),
placed AS (
    SELECT
        quarters.day,
        hit_events.site,
        hit_events."user",
        hit_events.client_ip,
        hit_events.device,
        hit_events.verdict,
        hit_events.kind,
        categories.category
    FROM hit_events
    INNER JOIN categories ON categories.event_id = hit_events.event_id
    INNER JOIN quarters ON quarters.quarter = epoch_us(hit_events.ts) // 900000000
)
SELECT
    day,
    site,
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
