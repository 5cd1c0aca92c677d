-- The domains of the newest snapshot, the best first. Reads one snapshot's rows.
SELECT
    domain,
    authority,
    toString(confidence) AS confidence,
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
    AND ({paged:UInt8} = 0 OR (ifNull(trusted_harmonic_rank, harmonic_rank), harmonic_rank, domain) > ({after_place:Float64}, {after_harmonic_rank:Float64}, {after_domain:String}))
ORDER BY ifNull(trusted_harmonic_rank, harmonic_rank), harmonic_rank, domain
LIMIT {limit:UInt64}
