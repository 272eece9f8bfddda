-- The accounts that the logs name.
-- Grain: user.
-- Inputs: events (the lake).
SELECT DISTINCT "user"
FROM events
WHERE "user" IS NOT NULL
ORDER BY "user"
