-- Which users were seen at which addresses with their password looked at, in the formats where that needs telling.
-- Grain: format, user, client_ip, hour since 1970 (UTC) of which ts is the beginning.
-- Inputs: events (the lake); $formats.
SELECT DISTINCT
    format,
    "user",
    client_ip,
    make_timestamptz(epoch_us(ts) // 3600000000 * 3600000000) AS ts
FROM events
WHERE format IN (SELECT unnest($formats))
    AND verdict = 'allowed'
    AND "user" IS NOT NULL
ORDER BY ALL
