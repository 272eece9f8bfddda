-- The hits of some duty days with the events that they are in and the original lines.
-- Grain: hit.
-- Inputs: hits, hit_events, evidence (the lake); $first and $last bound the time (UTC, $last is not included).
SELECT
    hits.hit_id,
    hits.event_id,
    hits.rule_id,
    hits.category,
    hits.field,
    hits.start,
    hits."end",
    hits.view,
    hits.weight,
    hit_events.site,
    hit_events.source,
    hit_events.format,
    hit_events.source_sha256,
    hit_events.line,
    hit_events.ts,
    hit_events.ts_quality,
    hit_events."user",
    hit_events.client_ip,
    hit_events.device,
    hit_events.host,
    hit_events.path,
    hit_events.query,
    hit_events.search_text,
    hit_events.typed_text,
    hit_events.title,
    hit_events.vendor_category,
    hit_events.verdict,
    hit_events.kind,
    evidence.raw
FROM hits
INNER JOIN hit_events ON hit_events.event_id = hits.event_id
LEFT JOIN evidence
    ON evidence.source_sha256 = hit_events.source_sha256
    AND evidence.line = hit_events.line
WHERE hit_events.ts >= $first AND hit_events.ts < $last
ORDER BY hit_events.ts, hits.event_id, hits.field, hits.start, hits.rule_id
