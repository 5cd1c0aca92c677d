-- Every domain's row in the newest snapshot, the best first.
SELECT *
FROM domain_quality
WHERE snapshot = (SELECT max(snapshot) FROM snapshots)
ORDER BY ifNull(trusted_harmonic_rank, harmonic_rank), harmonic_rank, domain
