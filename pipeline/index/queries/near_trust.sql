-- The trust of the domains with some that link to a domain or to what is nearer to it than `depth` links; of
-- all where that is 0. Reads two columns of the snapshot's domains, and its edges as near_edges does.
WITH
    first AS (SELECT source_domain FROM domain_edges WHERE snapshot = {snapshot:UInt64} AND weight > 0 AND target_domain = {domain:String}),
    second AS (SELECT source_domain FROM domain_edges WHERE snapshot = {snapshot:UInt64} AND weight > 0 AND {depth:UInt8} >= 2 AND target_domain IN first),
    third AS (SELECT source_domain FROM domain_edges WHERE snapshot = {snapshot:UInt64} AND weight > 0 AND {depth:UInt8} >= 3 AND target_domain IN second)
SELECT domain, assumeNotNull(trust) AS trust
FROM domain_quality
WHERE snapshot = {snapshot:UInt64} AND trust > 0
    AND ({depth:UInt8} = 0 OR domain IN first OR domain IN second OR domain IN third)
