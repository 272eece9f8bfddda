-- Which events the same user, or without one the same address, had around each draft.
-- Grain: draft, event; the $most events nearest to the draft's own hits, and how many there were. Only the place of
-- an event is given: the columns that take long to read are fetched for these few alone.
-- Inputs: events (the lake); windows (draft_id, site, user, client_ip, first_ts, last_ts, from_ts, to_ts, only_here,
-- step: one row for each hour since 1970 that the window touches), so that both joins are equalities.
WITH
of_user AS (
    SELECT
        windows.draft_id,
        windows.first_ts,
        windows.last_ts,
        events.source_sha256,
        events.line,
        events.ts
    FROM events
    INNER JOIN windows
        ON windows."user" = events."user"
        AND windows.site = events.site
        AND windows.step = epoch_us(events.ts) // 3600000000
    WHERE events.kind <> 'background'
        AND events.ts BETWEEN windows.from_ts AND windows.to_ts
        -- A name that may be somebody else's shows nothing of that person's other places.
        AND (NOT windows.only_here OR events.client_ip = windows.client_ip)
),
of_address AS (
    SELECT
        windows.draft_id,
        windows.first_ts,
        windows.last_ts,
        events.source_sha256,
        events.line,
        events.ts
    FROM events
    INNER JOIN (SELECT * FROM windows WHERE "user" IS NULL) AS windows
        ON windows.client_ip = events.client_ip
        AND windows.site = events.site
        AND windows.step = epoch_us(events.ts) // 3600000000
    WHERE events.kind <> 'background'
        AND events."user" IS NULL
        AND events.ts BETWEEN windows.from_ts AND windows.to_ts
),
near AS (
    SELECT
        draft_id,
        source_sha256,
        line,
        ts,
        greatest(epoch_us(first_ts) - epoch_us(ts), epoch_us(ts) - epoch_us(last_ts), 0) AS distance
    FROM (SELECT * FROM of_user UNION ALL SELECT * FROM of_address)
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
