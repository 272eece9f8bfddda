-- Which events the same user, or without one the same address, had around each draft.
-- Grain: draft, event; the $most events nearest to the draft's own hits, and how many there were. Only the place of
-- an event is given: the columns that take long to read are fetched for these few alone.
-- Inputs: events (the lake); windows (draft_id, site, user, client_ip, client: the user or else the address, first_ts,
-- last_ts, from_ts, to_ts, only_here, step: one row for each hour since 1970 that the window touches, so that the join
-- is an equality).
WITH
near AS (
    SELECT
        windows.draft_id,
        events.source_sha256,
        events.line,
        events.ts,
        greatest(epoch_us(windows.first_ts) - epoch_us(events.ts), epoch_us(events.ts) - epoch_us(windows.last_ts), 0)
            AS distance
    FROM events
    INNER JOIN windows
        ON windows.client = coalesce(events."user", events.client_ip)
        AND windows."user" IS NOT DISTINCT FROM events."user"
        AND windows.site = events.site
        AND windows.step = epoch_us(events.ts) // 3600000000
    WHERE events.kind <> 'background'
        AND events.ts BETWEEN windows.from_ts AND windows.to_ts
        -- A name that may be somebody else's shows nothing of that person's other places.
        AND (NOT windows.only_here OR events.client_ip = windows.client_ip)
),
nearest AS (
    SELECT
        draft_id,
        count(*) AS found,
        min({'distance': distance, 'ts': ts, 'source_sha256': source_sha256, 'line': line}, $most) AS places
    FROM near
    GROUP BY draft_id
),
placed AS (
    SELECT draft_id, found, unnest(places) AS place FROM nearest
)
SELECT draft_id, place.source_sha256, place.line, found
FROM placed
ORDER BY draft_id, place.source_sha256, place.line
