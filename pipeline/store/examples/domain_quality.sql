-- Where do PageRank and authority part? Cost: by snapshot and domain one row; here a snapshot's rows,
-- of the columns named alone.
SELECT domain, pagerank_rank, trusted_harmonic_rank, referring_domains, follow_share
FROM domain_quality
WHERE snapshot = (SELECT max(snapshot) FROM snapshots) AND trusted_harmonic_rank IS NOT NULL
ORDER BY trusted_harmonic_rank - pagerank_rank DESC
LIMIT 20
