-- Who linked to a domain in the newest snapshot? Cost: by snapshot and target_domain it reads a few
-- rows; by source_domain it reads the snapshot.
SELECT source_domain, links, follow_links, pages, weight
FROM domain_edges
WHERE snapshot = (SELECT max(snapshot) FROM snapshots) AND target_domain = 'example.org'
ORDER BY weight DESC
LIMIT 20
