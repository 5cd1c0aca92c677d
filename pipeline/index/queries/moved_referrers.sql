-- The referring domains that some domains won, lost, or kept while they rose or fell themselves, between
-- two snapshots, the best ranked first and at most so many of each. Cost: the edges of those targets in
-- both snapshots, and the ranks of both.
WITH ends AS
(
    SELECT
        target_domain,
        source_domain,
        countIf(snapshot = {before:UInt64}) > 0 AS was,
        countIf(snapshot = {after:UInt64}) > 0 AS is
    FROM domain_edges
    WHERE snapshot IN ({before:UInt64}, {after:UInt64})
        AND weight > 0
        AND target_domain IN {domains:Array(String)}
    GROUP BY target_domain, source_domain
)
SELECT
    target_domain AS domain,
    what,
    count() AS count,
    arraySlice(arraySort(x -> (x.4, x.1), groupArray((source_domain, rank_before, rank_after, ifNull(least(ifNull(rank_before, rank_after), ifNull(rank_after, rank_before)), 1e18)))), 1, {each:UInt64}) AS best
FROM
(
    SELECT
        target_domain,
        source_domain,
        ranks.rank_before AS rank_before,
        ranks.rank_after AS rank_after,
        multiIf(was = 0, 'gained', is = 0, 'lost', rank_after <= rank_before / 2, 'risen', rank_after >= rank_before * 2, 'fallen', 'kept') AS what
    FROM ends
    LEFT ANY JOIN
    (
        SELECT domain, rank_before, rank_after
        FROM ranks_between(old = {before:UInt64}, new = {after:UInt64}, seeded = {seeded:UInt8})
        WHERE domain IN (SELECT source_domain FROM ends)
    ) AS ranks ON ends.source_domain = ranks.domain
)
WHERE what != 'kept'
GROUP BY target_domain, what
ORDER BY target_domain, what
