-- The addresses of traffic that names nobody.
-- Grain: client_ip.
-- Inputs: events (the lake).
SELECT DISTINCT client_ip
FROM events
WHERE "user" IS NULL AND client_ip IS NOT NULL
ORDER BY client_ip
