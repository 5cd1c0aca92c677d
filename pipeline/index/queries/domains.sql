-- The domains of the newest snapshot, the best first. Reads one snapshot's rows.
SELECT
    domain,
    authority,
    trusted_harmonic_rank AS rank,
    pagerank_rank,
    harmonic_rank,
    referring_domains,
    referring_pages,
    links,
    follow_share,
    out_domains,
    pages,
    top_anchors
FROM domain_quality
WHERE snapshot = (SELECT max(snapshot) FROM snapshots)
ORDER BY ifNull(trusted_harmonic_rank, harmonic_rank), harmonic_rank, domain
LIMIT {limit:UInt64} OFFSET {offset:UInt64}
