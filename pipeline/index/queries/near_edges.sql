-- The edges of a snapshot into a domain and what is nearer to it than `depth` links, and those of whom trust
-- makes heaviest into what is `depth` links away; all of them where that is 0. The heaviest: `sources` at most,
-- who link to `most` domains together. Reads three columns of the snapshot's edges, as often as `depth` says.
WITH
    first AS (SELECT source_domain FROM domain_edges WHERE snapshot = {snapshot:UInt64} AND weight > 0 AND {depth:UInt8} >= 1 AND target_domain = {domain:String}),
    second AS (SELECT source_domain FROM domain_edges WHERE snapshot = {snapshot:UInt64} AND weight > 0 AND {depth:UInt8} >= 2 AND target_domain IN first),
    third AS (SELECT source_domain FROM domain_edges WHERE snapshot = {snapshot:UInt64} AND weight > 0 AND {depth:UInt8} >= 3 AND target_domain IN second),
    heaviest AS
    (
        SELECT domain, sum(out_domains) OVER (ORDER BY trust DESC, domain ROWS UNBOUNDED PRECEDING) AS so_far
        FROM (SELECT domain, trust, out_domains FROM domain_quality WHERE snapshot = {snapshot:UInt64} AND {depth:UInt8} > 0 AND trust > 0 ORDER BY trust DESC, domain LIMIT {sources:UInt32})
    ),
    heavy AS (SELECT domain FROM heaviest WHERE so_far <= {most:UInt64})
SELECT source_domain, target_domain, weight
FROM domain_edges
WHERE snapshot = {snapshot:UInt64} AND weight > 0
    AND ({depth:UInt8} = 0 OR target_domain = {domain:String}
        OR ({depth:UInt8} >= 2 AND target_domain IN first)
        OR ({depth:UInt8} >= 3 AND target_domain IN second)
        OR (source_domain IN heavy
            AND (({depth:UInt8} = 1 AND target_domain IN first) OR ({depth:UInt8} = 2 AND target_domain IN second) OR ({depth:UInt8} = 3 AND target_domain IN third))))
