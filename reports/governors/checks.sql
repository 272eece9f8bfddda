-- What must hold of the figures before they are printed. Each query returns no row when all is well; a row that comes
-- back stops the report, and its column `found` says what was found. The name says what must be.
--
-- Inputs: those of query.sql, and its results under the names result_flags, result_groups, result_traffic,
-- result_sources, result_drafts, result_requests and result_filter_checks. Parameters: $first_day and $last_day.

-- name: no count is negative
SELECT 'facts: ' || CAST(MIN(events) AS VARCHAR) AS found FROM facts HAVING MIN(events) < 0
UNION ALL
SELECT 'active: ' || CAST(MIN(users) AS VARCHAR) AS found FROM active HAVING MIN(users) < 0
UNION ALL
SELECT 'coverage: ' || CAST(MIN(events) AS VARCHAR) AS found FROM coverage HAVING MIN(events) < 0
UNION ALL
SELECT 'units: ' || CAST(MIN(LEAST(records, events, rejects, skips)) AS VARCHAR) AS found
FROM units
HAVING MIN(LEAST(records, events, rejects, skips)) < 0
UNION ALL
SELECT 'levels: ' || CAST(MIN(drafts) AS VARCHAR) AS found FROM levels HAVING MIN(drafts) < 0
ORDER BY found;

-- name: no count is missing
SELECT 'facts' AS found FROM facts WHERE events IS NULL OR day IS NULL
UNION ALL
SELECT 'active' AS found FROM active WHERE users IS NULL OR day IS NULL
UNION ALL
SELECT 'coverage' AS found FROM coverage WHERE events IS NULL OR day IS NULL OR hour IS NULL
UNION ALL
SELECT 'units' AS found FROM units WHERE records IS NULL OR rejects IS NULL OR day IS NULL
UNION ALL
SELECT 'levels' AS found FROM levels WHERE drafts IS NULL OR day IS NULL OR level IS NULL
ORDER BY found;

-- name: each category is the sum of its cells
WITH counted AS (
    SELECT category, SUM(events) AS events
    FROM facts
    WHERE day BETWEEN $first_day AND $last_day
        AND COALESCE(category, '') <> ''
        AND kind IS DISTINCT FROM 'background'
    GROUP BY category
    HAVING SUM(events) <> 0
),
printed AS (
    SELECT category, SUM(events) AS events FROM result_flags GROUP BY category
)
SELECT
    COALESCE(counted.category, printed.category) || ': ' || COALESCE(CAST(counted.events AS VARCHAR), 'none')
        || ' counted, ' || COALESCE(CAST(printed.events AS VARCHAR), 'none') || ' in the table' AS found
FROM counted
FULL OUTER JOIN printed ON printed.category = counted.category
WHERE counted.events IS DISTINCT FROM printed.events
ORDER BY found;

-- name: no category has more events than there was traffic
-- Not by kind: only of a flagged event is it known whether its address holds typed words.
WITH per_row AS (
    SELECT
        day,
        site,
        class,
        year_group,
        role,
        verdict,
        COALESCE(category, '') AS category,
        SUM(events) AS events
    FROM facts
    WHERE day BETWEEN $first_day AND $last_day
    GROUP BY ALL
)
SELECT
    flagged.category || ' on ' || CAST(flagged.day AS VARCHAR) || ': ' || CAST(flagged.events AS VARCHAR)
        || ' of ' || COALESCE(CAST(total.events AS VARCHAR), 'none') AS found
FROM per_row AS flagged
LEFT JOIN per_row AS total
    ON total.category = ''
    AND total.day IS NOT DISTINCT FROM flagged.day
    AND total.site IS NOT DISTINCT FROM flagged.site
    AND total.class IS NOT DISTINCT FROM flagged.class
    AND total.year_group IS NOT DISTINCT FROM flagged.year_group
    AND total.role IS NOT DISTINCT FROM flagged.role
    AND total.verdict IS NOT DISTINCT FROM flagged.verdict
WHERE flagged.category <> '' AND flagged.events > COALESCE(total.events, 0)
ORDER BY found;

-- name: records are events, rejects and skips
SELECT
    source || ' on ' || CAST(day AS VARCHAR) || ': ' || CAST(records AS VARCHAR) || ' records, '
        || CAST(events + rejects + skips AS VARCHAR) || ' accounted for' AS found
FROM units
WHERE records IS DISTINCT FROM events + rejects + skips
ORDER BY found;

-- name: an hour lies within its day
SELECT source || ': hour ' || CAST(hour AS VARCHAR) AS found
FROM coverage
WHERE hour < 0 OR hour > 23
ORDER BY found;

-- name: no source misses more than was expected of it
SELECT source || ': ' || CAST(missing_hours AS VARCHAR) || ' of ' || CAST(hours AS VARCHAR) || ' hours' AS found
FROM result_sources
WHERE missing_hours < 0 OR missing_hours > hours OR missing_days < 0 OR rejects > records
ORDER BY found;

-- name: the parts of the traffic lie within the whole
SELECT CAST(events AS VARCHAR) || ' events' AS found
FROM result_traffic
WHERE host_only > events OR nobody > events
ORDER BY found;

-- name: a person group has people
SELECT name || ': ' || CAST(person_days AS VARCHAR) AS found
FROM result_groups
WHERE person_days < most_people
ORDER BY found;

-- name: each request came out in one way
SELECT 'asked ' || CAST(asked AS VARCHAR) AS found
FROM result_requests
WHERE asked <> allowed + blocked + refused + waiting + taken_back
    OR allowed + blocked <> seen + partly + not_seen + not_known
    OR without_second > allowed + blocked
ORDER BY found;

-- name: each filter check had one result
SELECT site || ', ' || device_type || ', ' || person_group AS found
FROM result_filter_checks
WHERE checks <> blocked + allowed + other OR differs + no_trace > checks
ORDER BY found;
