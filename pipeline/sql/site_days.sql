-- What the filter did with one site, quarter by quarter.
-- Grain: quarter of an hour since 1970 (UTC), authority (the user@host:port of an address), verdict.
-- Inputs: events (the lake); $first and $last (UTC, $last is not included); $names: the ways in which the site is
-- written. A name is looked for anywhere in the address: whoever asks has to look at the host once more.
SELECT
    epoch_us(ts) // 900000000 AS quarter,
    CASE
        WHEN ends_with(split_part(split_part(url, '/', 1), '?', 1), ':') THEN split_part(url, '/', 3)
        ELSE split_part(coalesce(url, host), '/', 1)
    END AS authority,
    verdict,
    count(*) AS events
FROM events
WHERE ts >= $first AND ts < $last
    AND len(list_filter($names, lambda name: contains(lower(coalesce(url, host)), name))) > 0
GROUP BY ALL
ORDER BY ALL
