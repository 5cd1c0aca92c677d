-- Which followed backlinks does a domain have, the newest first? Cost: reads the links of that target
-- alone, by their key, and sorts them.
SELECT source_url, anchor, state, reason, last_seen
FROM backlinks(domain = 'example.org')
WHERE state != 'lost' AND nofollow = 0
ORDER BY first_seen DESC
LIMIT 20
