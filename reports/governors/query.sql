-- The figures of the governors' report. Every query below is run by its name.
--
-- Inputs (see pipeline/schema.py): facts, active, coverage, units; levels (day, level, drafts); changes, checks and flips
-- (see casebook/filtering/registerfigures.py);
-- declared (site, source), the sources that should give a log every school hour.
-- Parameters: $first_day and $last_day, the term, both included; $school_days, the days on which logs are expected;
-- $first_hour and $last_hour, the hours of such a day in which they are, both included.
-- A person group is a year group, 'Staff', 'Visitors', or '' where none of these is known.

-- name: flags
-- Grain: one row for each category, person group and verdict that has flagged events.
-- An event with hits in two categories counts in both. The work of software is left out (see `software`).
WITH flagged AS (
    SELECT
        category,
        CASE
            WHEN role = 'staff' THEN 'Staff'
            WHEN role = 'visitor' THEN 'Visitors'
            ELSE COALESCE(year_group, '')
        END AS person_group,
        CASE WHEN verdict IN ('blocked', 'warned', 'allowed') THEN verdict ELSE 'other' END AS verdict,
        events
    FROM facts
    WHERE day BETWEEN $first_day AND $last_day
        AND COALESCE(category, '') <> ''
        AND kind IS DISTINCT FROM 'background'
)
SELECT category, person_group, verdict, CAST(SUM(events) AS BIGINT) AS events
FROM flagged
GROUP BY category, person_group, verdict
HAVING SUM(events) <> 0
ORDER BY category, person_group, verdict;

-- name: software
-- Grain: one row. Flagged events that were the work of software, not of a person.
SELECT CAST(COALESCE(SUM(events), 0) AS BIGINT) AS events
FROM facts
WHERE day BETWEEN $first_day AND $last_day
    AND COALESCE(category, '') <> ''
    AND kind = 'background'
ORDER BY events;

-- name: groups
-- Grain: one row for each person group that used the network under a name or a class login.
-- `person_days`: each person counts once for each day. `most_people`: on the busiest day. `class_logins`: the same.
WITH daily AS (
    SELECT
        day,
        CASE
            WHEN role = 'staff' THEN 'Staff'
            WHEN role = 'visitor' THEN 'Visitors'
            ELSE COALESCE(year_group, '')
        END AS person_group,
        COALESCE(SUM(users) FILTER (WHERE who IN ('authenticated', 'mapped')), 0) AS people,
        COALESCE(SUM(users) FILTER (WHERE who = 'shared'), 0) AS class_logins
    FROM active
    WHERE day BETWEEN $first_day AND $last_day
    GROUP BY day, person_group
)
SELECT
    person_group AS name,
    CAST(SUM(people) AS BIGINT) AS person_days,
    CAST(MAX(people) AS BIGINT) AS most_people,
    CAST(MAX(class_logins) AS BIGINT) AS class_logins
FROM daily
WHERE person_group <> ''
GROUP BY person_group
ORDER BY
    -- Nursery and Reception carry no number and come first, adults last.
    person_group IN ('Staff', 'Visitors'),
    TRY_CAST(REGEXP_EXTRACT(person_group, '[0-9]+') AS INTEGER) NULLS FIRST,
    person_group;

-- name: traffic
-- Grain: one row. All events of the term, and those that say little.
SELECT
    CAST(COALESCE(SUM(events), 0) AS BIGINT) AS events,
    CAST(COALESCE(SUM(events) FILTER (WHERE kind = 'host-only'), 0) AS BIGINT) AS host_only,
    CAST(COALESCE(SUM(events) FILTER (
        WHERE COALESCE(role, '') = '' AND COALESCE(class, '') = '' AND COALESCE(year_group, '') = ''
    ), 0) AS BIGINT) AS nobody
FROM facts
WHERE day BETWEEN $first_day AND $last_day AND COALESCE(category, '') = ''
ORDER BY events;

-- name: sources
-- Grain: one row for each site and source. Hours in school time without a log, and lines that could not be read.
-- Of a source that is not declared no hours are expected: it may hold only what stood out, or have another name by now.
WITH sources AS (
    SELECT site, source FROM declared
    UNION
    SELECT site, source FROM units WHERE day BETWEEN $first_day AND $last_day
    UNION
    SELECT site, source FROM coverage WHERE day BETWEEN $first_day AND $last_day
),
expected AS (
    SELECT declared.site, declared.source, days.day, hours.hour
    FROM declared
    CROSS JOIN (SELECT UNNEST(CAST($school_days AS DATE[])) AS day) AS days
    CROSS JOIN (SELECT UNNEST(RANGE(CAST($first_hour AS BIGINT), CAST($last_hour AS BIGINT) + 1)) AS hour) AS hours
    WHERE days.day BETWEEN $first_day AND $last_day
),
logged AS (
    SELECT DISTINCT site, source, day, hour FROM coverage WHERE events > 0
),
missing AS (
    SELECT
        expected.site,
        expected.source,
        COUNT(*) AS hours,
        COUNT(*) FILTER (WHERE logged.hour IS NULL) AS missing_hours,
        COUNT(DISTINCT expected.day) - COUNT(DISTINCT logged.day) AS missing_days
    FROM expected
    LEFT JOIN logged
        ON logged.site = expected.site
        AND logged.source = expected.source
        AND logged.day = expected.day
        AND logged.hour = expected.hour
    GROUP BY expected.site, expected.source
),
lines AS (
    SELECT site, source, SUM(records) AS records, SUM(rejects) AS rejects
    FROM units
    WHERE day BETWEEN $first_day AND $last_day
    GROUP BY site, source
)
SELECT
    sources.site,
    sources.source,
    COALESCE(missing.hours, 0) AS hours,
    COALESCE(missing.missing_hours, 0) AS missing_hours,
    COALESCE(missing.missing_days, 0) AS missing_days,
    CAST(COALESCE(lines.records, 0) AS BIGINT) AS records,
    CAST(COALESCE(lines.rejects, 0) AS BIGINT) AS rejects
FROM sources
LEFT JOIN missing ON missing.site = sources.site AND missing.source = sources.source
LEFT JOIN lines ON lines.site = sources.site AND lines.source = sources.source
ORDER BY sources.site, sources.source;

-- name: drafts
-- Grain: one row for each level that has drafts.
SELECT level, CAST(SUM(drafts) AS BIGINT) AS drafts
FROM levels
WHERE day BETWEEN $first_day AND $last_day
GROUP BY level
HAVING SUM(drafts) <> 0
ORDER BY level;

-- name: requests
-- Grain: one row. Filter-change requests that were asked in the term, and sites that changed in it with no settled one.
WITH asked AS (
    SELECT *, decision IN ('allow', 'block') AS is_change
    FROM changes
    WHERE day BETWEEN $first_day AND $last_day
),
counted AS (
    SELECT
        COUNT(*) AS asked,
        COUNT(*) FILTER (WHERE decision = 'allow') AS allowed,
        COUNT(*) FILTER (WHERE decision = 'block') AS blocked,
        COUNT(*) FILTER (WHERE decision = 'refuse') AS refused,
        COUNT(*) FILTER (WHERE decision = '' AND standing <> 'withdrawn') AS waiting,
        COUNT(*) FILTER (WHERE decision = '' AND standing = 'withdrawn') AS taken_back,
        COUNT(*) FILTER (WHERE is_change AND NOT has_second) AS without_second,
        MEDIAN(hours) AS median_hours,
        COUNT(*) FILTER (WHERE is_change AND effect IN ('seen', 'already')) AS seen,
        COUNT(*) FILTER (WHERE is_change AND effect = 'partly') AS partly,
        COUNT(*) FILTER (WHERE is_change AND effect = 'not-seen') AS not_seen,
        COUNT(*) FILTER (WHERE is_change AND effect IN ('', 'no-traffic')) AS not_known
    FROM asked
),
flipped AS (
    SELECT COUNT(*) AS unexplained
    FROM flips
    WHERE day BETWEEN $first_day AND $last_day
        AND on_record <> 'settled'
)
SELECT counted.*, flipped.unexplained
FROM counted
CROSS JOIN flipped
ORDER BY counted.asked;

-- name: filter_checks
-- Grain: one row for each site, device type and user group that was checked in the term.
SELECT
    site,
    device_type,
    person_group,
    COUNT(*) AS checks,
    COUNT(*) FILTER (WHERE result = 'blocked') AS blocked,
    COUNT(*) FILTER (WHERE result = 'allowed') AS allowed,
    COUNT(*) FILTER (WHERE result NOT IN ('blocked', 'allowed')) AS other,
    COUNT(*) FILTER (WHERE trace = 'differs') AS differs,
    COUNT(*) FILTER (WHERE trace = 'none') AS no_trace
FROM checks
WHERE day BETWEEN $first_day AND $last_day
GROUP BY site, device_type, person_group
ORDER BY site, device_type, person_group;
