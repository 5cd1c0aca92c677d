-- Which referring domains changed: pairs with a page that came in since the last run, pairs with a link to a page
-- that leads elsewhere since (`led`: version of the last run), and pairs of the domains of which something was
-- erased. A pair is there once for each of its links that made it due, by which slices are made.
-- Cost: the keys of all visits, and the links of those that came in; the names in `indirect_links`.
INSERT INTO due_pairs (run, target_domain, source_domain)
SELECT {written:UInt64}, target_domain, source_domain
FROM
(
    SELECT target_domain, domain AS source_domain
    FROM page_links
    ARRAY JOIN target_domains AS target_domain
    WHERE (domain, host, path) IN
    (
        SELECT domain, host, path
        FROM arrivals
        WHERE arrived > {from:UInt64} AND arrived <= {to:UInt64}
    )
    UNION ALL
    SELECT target_domain, source_domain
    FROM links
    WHERE source_domain IN {domains:Array(String)} OR target_domain IN {domains:Array(String)}
    UNION ALL
    -- Links by way of other domains: of pages that came in, and to pages whose way is another.
    SELECT DISTINCT target_domain, source_domain
    FROM indirect_links
    WHERE {erased:UInt8} = 1
        OR (source_domain, source_host, source_path) IN (SELECT domain, host, path FROM arrivals WHERE arrived > {from:UInt64} AND arrived <= {to:UInt64})
        OR (target_domain, named_domain, named_host, named_path) IN (SELECT end_domain, domain, host, path FROM leads WHERE version >= {led:UInt64} AND domain != end_domain)
    UNION ALL
    SELECT DISTINCT target_domain, source_domain
    FROM referrers
    WHERE {erased:UInt8} = 1 AND (notEmpty(via) OR indirect + indirect_lost + indirect_unverified > 0)
    UNION ALL
    -- And to pages of the target that lead on within it.
    SELECT DISTINCT target_domain, source_domain
    FROM links
    WHERE target_domain IN (SELECT domain FROM leads WHERE version >= {led:UInt64} AND domain = end_domain)
        AND (target_domain, target_host, target_path) IN (SELECT domain, host, path FROM leads WHERE version >= {led:UInt64} AND domain = end_domain)
)
