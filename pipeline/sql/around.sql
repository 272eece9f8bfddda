-- Which events the same user, or without one the same address, had around each draft.
-- Grain: draft, event; the $most events nearest to the draft's own hits, and how many there were. Only the place of
-- an event is given: the columns that take long to read are fetched for these few alone.
-- Inputs: events (the lake); windows (draft_id, site, user, client_ip, client, first_ts, last_ts, from_ts, to_ts,
-- only_here) and steps
-- (draft_id, site, client, step: the hours since 1970 that the window touches), which keeps the join an equality.
WITH
placed AS (
    SELECT
        site,
        coalesce('u:' || "user", 'a:' || client_ip) AS client,
        epoch_us(ts) // 3600000000 AS step,
        source_sha256,
        line,
        ts,
        client_ip
    FROM events
    WHERE kind <> 'background'
        AND ("user" IN (SELECT "user" FROM windows) OR ("user" IS NULL AND client_ip IN (SELECT client_ip FROM windows)))
),
near AS (
    SELECT
        windows.draft_id,
        placed.source_sha256,
        placed.line,
        placed.ts,
        greatest(epoch_us(windows.first_ts) - epoch_us(placed.ts), epoch_us(placed.ts) - epoch_us(windows.last_ts), 0)
            AS distance
    FROM placed
    INNER JOIN steps
        ON steps.client = placed.client
        AND steps.site = placed.site
        AND steps.step = placed.step
    INNER JOIN windows ON windows.draft_id = steps.draft_id
    WHERE placed.ts BETWEEN windows.from_ts AND windows.to_ts
        -- A name that may be somebody else's shows nothing of that person's other places.
        AND (NOT windows.only_here OR placed.client_ip = windows.client_ip)
),
ranked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY draft_id ORDER BY distance, ts, source_sha256, line) AS place,
        count(*) OVER (PARTITION BY draft_id) AS found
    FROM near
)
SELECT draft_id, source_sha256, line, found
FROM ranked
WHERE place <= $most
ORDER BY draft_id, source_sha256, line
