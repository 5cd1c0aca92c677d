-- Which domains say a word the most, in the newest snapshot? Cost: by snapshot and term it reads a few rows;
-- by domain it reads the snapshot.
SELECT domain, weight
FROM domain_terms
WHERE snapshot = (SELECT max(snapshot) FROM snapshots) AND term = 'bread'
ORDER BY weight DESC
LIMIT 20
