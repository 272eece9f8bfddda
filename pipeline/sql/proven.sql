-- Which users were seen at which addresses with their password looked at, in the formats where that needs telling.
-- Grain: format, user, client_ip, quarter of an hour since 1970 (UTC) of which ts is the beginning: no
-- local day begins within one, because every time zone in use differs from UTC by whole quarters of an hour.
-- Inputs: events (the lake); $formats.
SELECT DISTINCT
    format,
    "user",
    client_ip,
    make_timestamptz(epoch_us(ts) // 900000000 * 900000000) AS ts
FROM events
WHERE format IN (SELECT unnest($formats))
    AND verdict = 'allowed'
    AND "user" IS NOT NULL
ORDER BY ALL
