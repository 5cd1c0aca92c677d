-- The trust of the domains with some that link to a domain or to what is nearer to it than `depth` links, and
-- of those whom trust makes heaviest, as near_edges has them; of all where that is 0. How near they are
-- themselves, and whether they are seeds. Reads five columns of the snapshot's domains, and its edges as near_edges.
WITH
    first AS (SELECT source_domain FROM domain_edges WHERE snapshot = {snapshot:UInt64} AND weight > 0 AND {depth:UInt8} >= 1 AND target_domain = {domain:String}),
    second AS (SELECT source_domain FROM domain_edges WHERE snapshot = {snapshot:UInt64} AND weight > 0 AND {depth:UInt8} >= 2 AND target_domain IN first),
    third AS (SELECT source_domain FROM domain_edges WHERE snapshot = {snapshot:UInt64} AND weight > 0 AND {depth:UInt8} >= 3 AND target_domain IN second),
    heavy AS (SELECT domain FROM domain_quality WHERE snapshot = {snapshot:UInt64} AND {depth:UInt8} > 0 AND trust > 0 ORDER BY trust DESC, domain LIMIT {sources:UInt32})
SELECT
    domain,
    assumeNotNull(trust) AS trust,
    toFloat64(ifNull(seed_distance = 0, 0)) AS is_seed,
    ifNull(trusted_harmonic, inf) AS centrality
FROM domain_quality
WHERE snapshot = {snapshot:UInt64} AND trust > 0
    AND ({depth:UInt8} = 0 OR domain IN first OR domain IN second OR domain IN third OR domain IN heavy)
