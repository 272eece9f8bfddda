-- What decides about the level of each hit.
-- Grain: hit.
-- Inputs: hits, hit_events (the lake).
SELECT
    hits.event_id,
    hits.category,
    hits.field,
    hits.view,
    hits.weight,
    hit_events.kind
FROM hits
INNER JOIN hit_events ON hit_events.event_id = hits.event_id
ORDER BY hits.hit_id
