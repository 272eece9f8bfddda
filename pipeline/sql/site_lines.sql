-- The lines that name one site, in a short time.
-- Grain: event.
-- Inputs: as site_days.sql; $clients: the user, the device or the address that was there, in small letters; none if it
-- is not known.
SELECT
    source,
    source_sha256,
    line,
    ts,
    verdict,
    CASE
        WHEN ends_with(split_part(split_part(url, '/', 1), '?', 1), ':') THEN split_part(url, '/', 3)
        ELSE split_part(coalesce(url, host), '/', 1)
    END AS authority
FROM events
WHERE ts >= $first AND ts < $last
    AND len(list_filter($names, lambda name: contains(lower(coalesce(url, host)), name))) > 0
    AND (len($clients) = 0 OR list_has_any($clients, [lower("user"), lower(device), client_ip]))
ORDER BY ts, source, source_sha256, line
