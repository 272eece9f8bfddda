-- The figures of the digest.
--
-- Inputs: ordered (place, level), the drafts in the order of the page, places counted from 1.
-- Parameters: $most, how many drafts are shown in full.

-- name: levels
-- Grain: one row for each level that has drafts; `beyond` are those that are not shown.
SELECT
    level,
    COUNT(*) AS drafts,
    COUNT(*) FILTER (WHERE place > $most) AS beyond
FROM ordered
GROUP BY level
ORDER BY level;
