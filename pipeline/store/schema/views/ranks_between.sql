-- Where domains stood in two snapshots, `old` and `new`: by authority where `seeded` is 1, else by harmonic
-- centrality.
-- Cost: three columns of both snapshots, and the domains of both in memory; fewer where domain is named.
-- Version: 1
SELECT
    domain, -- that either of them knows
    anyIf(rank, snapshot = {old:UInt64}) AS rank_before, -- NULL where the old one has it not, or no rank of it
    anyIf(rank, snapshot = {new:UInt64}) AS rank_after -- NULL where the new one has it not, or no rank of it
FROM
(
    SELECT
        domain,
        snapshot,
        if({seeded:UInt8} = 1, trusted_harmonic_rank, toNullable(harmonic_rank)) AS rank
    FROM domain_quality
    WHERE snapshot IN ({old:UInt64}, {new:UInt64})
)
GROUP BY domain
