-- What the same user, or without one the same address, did around each draft.
-- Grain: draft, event; the $most events nearest to the draft's own hits, and how many there were.
-- Inputs: events (the lake); windows (draft_id, user, client_ip, site, first_ts, last_ts, from_ts, to_ts).
WITH
near AS (
    SELECT
        windows.draft_id,
        events.* EXCLUDE (site),
        greatest(epoch_us(windows.first_ts) - epoch_us(events.ts), epoch_us(events.ts) - epoch_us(windows.last_ts), 0)
            AS distance
    FROM events
    INNER JOIN windows
        ON windows.client IS NOT DISTINCT FROM coalesce('u:' || events."user", 'a:' || events.client_ip)
        AND windows.site = events.site
        AND events.ts BETWEEN windows.from_ts AND windows.to_ts
    WHERE events.kind <> 'background'
),
ranked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY draft_id ORDER BY distance, ts, source_sha256, line) AS place,
        count(*) OVER (PARTITION BY draft_id) AS found
    FROM near
)
SELECT * EXCLUDE (distance, place)
FROM ranked
WHERE place <= $most
ORDER BY draft_id, ts, source_sha256, line
