-- How many links do two domains have, and how many did they lose? Cost: named by target_domain it
-- reads those rows; without one it reads and merges all links.
SELECT target_domain, countIf(state = 'live') AS live, countIf(state = 'lost') AS lost
FROM link_states
WHERE target_domain IN ('example.org', 'example.com')
GROUP BY target_domain
