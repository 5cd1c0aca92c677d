-- The edges of the newest snapshot that weigh something. Reads four columns of that snapshot's rows.
SELECT
    source_domain,
    target_domain,
    weight
FROM domain_edges
WHERE snapshot = (SELECT max(snapshot) FROM snapshots) AND weight > 0
ORDER BY target_domain, source_domain
