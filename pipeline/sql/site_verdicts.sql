-- What the filter did with each host, from which a change of the filter shows.
-- Grain: local day, source, by_adult, authority (the user@host:port of an address), verdict.
-- Inputs: events (the lake); quarters, $first and $last (see traffic.sql); adults (user: accounts of staff and visitors).
-- `users`: a set of 63 bits, one for each user or else address. Two users may share one, so that it never holds more
-- than there are.
SELECT
    quarters.day,
    events.source,
    adults."user" IS NOT NULL AS by_adult,
    -- Where there is a scheme, the second slash ends nothing: the third part is the host's.
    CASE
        -- Nearly all begin so, or are a host and its port: told at a glance, and as the two cases below them tell it.
        WHEN starts_with(events.url, 'https://') OR starts_with(events.url, 'http://')
            THEN split_part(events.url, '/', 3)
        WHEN NOT contains(events.url, '/') THEN events.url
        -- What ends in a colon is a scheme only with two slashes right behind it: `www.example.org:/a` is a host.
        WHEN ends_with(split_part(events.url, '/', 1), ':') AND NOT contains(split_part(events.url, '/', 1), '?')
            AND starts_with(events.url, split_part(events.url, '/', 1) || '//') THEN split_part(events.url, '/', 3)
        ELSE split_part(coalesce(events.url, events.host), '/', 1)
    END AS authority,
    events.verdict,
    count(*) AS events,
    bit_or(1::BIGINT << (hash(coalesce(events."user", events.client_ip)) % 63)::INTEGER) AS users
FROM events
INNER JOIN quarters ON quarters.quarter = epoch_us(events.ts) // 900000000
LEFT JOIN adults ON adults."user" = events."user"
WHERE events.ts >= $first AND events.ts < $last
    AND events.verdict IN ('allowed', 'blocked', 'warned')
GROUP BY ALL
ORDER BY ALL
