-- How many events each source gave in each local hour; an hour that is missing had no log.
-- Grain: local day, site, source, hour.
-- Inputs: events (the lake); quarters, $first and $last (see traffic.sql).
WITH
counted AS (
    SELECT
        site,
        source,
        epoch_us(ts) // 900000000 AS quarter,
        count(*) AS events
    FROM events
    WHERE ts >= $first AND ts < $last
    GROUP BY ALL
)
SELECT
    quarters.day,
    counted.site,
    counted.source,
    quarters.hour,
    sum(counted.events)::BIGINT AS events
FROM counted
INNER JOIN quarters ON quarters.quarter = counted.quarter
GROUP BY ALL
ORDER BY ALL
