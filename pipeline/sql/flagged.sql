-- Events that were flagged, once for each category.
-- Grain: local day, site, format, user, client_ip, device, verdict, kind, category.
-- Inputs: flags (events that were hit, each once for each category that counts); quarters (see traffic.sql).
SELECT
    quarters.day,
    flags.site,
    flags.format,
    flags."user",
    flags.client_ip,
    flags.device,
    flags.verdict,
    flags.kind,
    flags.category,
    count(*) AS events
FROM flags
INNER JOIN quarters ON quarters.quarter = epoch_us(flags.ts) // 900000000
GROUP BY ALL
ORDER BY ALL
