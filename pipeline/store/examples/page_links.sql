-- Where does a domain link to? A link counts once for each visit that had it. Cost: by domain, and
-- faster by host and path too, it reads a few rows; by a target it reads all.
SELECT target_domain, count() AS links, max(at) AS latest
FROM page_links FINAL
ARRAY JOIN target_domains AS target_domain
WHERE domain = 'example.org'
GROUP BY target_domain
ORDER BY links DESC
LIMIT 20
