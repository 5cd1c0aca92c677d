-- The edges of a snapshot into a domain and what is nearer to it than `depth` links; all of them where that
-- is 0. Reads two columns of the snapshot's edges, as often as `depth` says.
WITH
    first AS (SELECT source_domain FROM domain_edges WHERE snapshot = {snapshot:UInt64} AND weight > 0 AND target_domain = {domain:String}),
    second AS (SELECT source_domain FROM domain_edges WHERE snapshot = {snapshot:UInt64} AND weight > 0 AND {depth:UInt8} = 3 AND target_domain IN first)
SELECT source_domain, target_domain
FROM domain_edges
WHERE snapshot = {snapshot:UInt64} AND weight > 0
    AND ({depth:UInt8} = 0 OR target_domain = {domain:String}
        OR ({depth:UInt8} >= 2 AND target_domain IN first)
        OR ({depth:UInt8} >= 3 AND target_domain IN second))
