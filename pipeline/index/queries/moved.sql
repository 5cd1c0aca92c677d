-- Which domains moved most between two snapshots, by rank alone: where each stood, out of how many. One
-- that a snapshot has not stands behind its last. By authority where both have it, else by harmonic
-- centrality. How far: the logarithm of the ranks' ratio, so that from 10 to 5 is as far as from 1,000 to
-- 500. Cost: three columns of both snapshots, and the domains of both in memory.
WITH
    (SELECT toFloat64(max(domains)) FROM domain_quality WHERE snapshot = {before:UInt64}) AS n_before,
    (SELECT toFloat64(max(domains)) FROM domain_quality WHERE snapshot = {after:UInt64}) AS n_after
SELECT
    domain,
    multiIf(rank_before IS NULL, 'new', rank_after IS NULL, 'gone', rank_after < rank_before, 'up', rank_after > rank_before, 'down', 'same') AS change,
    rank_before,
    rank_after,
    if(rank_before IS NULL, NULL, if(n_before > 1, 100 * (n_before - rank_before) / (n_before - 1), 100)) AS percentile_before,
    if(rank_after IS NULL, NULL, if(n_after > 1, 100 * (n_after - rank_after) / (n_after - 1), 100)) AS percentile_after,
    log(ifNull(rank_before, n_before + 1)) - log(ifNull(rank_after, n_after + 1)) AS moved
FROM ranks_between(old = {before:UInt64}, new = {after:UInt64}, seeded = {seeded:UInt8})
WHERE (empty({domains:Array(String)}) OR domain IN {domains:Array(String)})
    AND (NOT empty({domains:Array(String)}) OR moved != 0)
ORDER BY abs(moved) DESC, domain
LIMIT {limit:UInt64}
