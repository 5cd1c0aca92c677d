-- Candidates for trusted seeds: of a snapshot, the domains for which most marks speak, each mark a claim
-- that costs a forger something. Those that nobody can give himself go before the others. What people call
-- bad, ours or a platform is none. Unknown addresses count as one network. Cost: the snapshot's edges and
-- rows once, what web graphs say, and where each linking domain is in memory.
WITH
    (SELECT max(days_known) FROM domain_quality WHERE snapshot = {snapshot:UInt64}) AS oldest,
    rows AS
    (
        SELECT domain, domains, referring_domains, reciprocal, pages, days_known, inverse_pagerank_rank, trusted_harmonic_rank
        FROM domain_quality
        WHERE snapshot = {snapshot:UInt64}
    ),
    linking AS
    (
        SELECT
            domain AS source,
            substring(max(address), 21) AS ip,
            substring(max(tongue), 21) AS language,
            multiIf(isIPv4String(ip), toString(tupleElement(IPv4CIDRToRange(toIPv4OrDefault(ip), 24), 1)), isIPv6String(ip), toString(tupleElement(IPv6CIDRToRange(toIPv6OrDefault(ip), 48), 1)), '') AS network
        FROM whereabouts
        GROUP BY domain
    ),
    linked AS
    (
        SELECT
            target_domain AS target,
            uniqExact(linking.network) AS networks,
            uniqExact(substring(source_domain, position(source_domain, '.') + 1)) AS endings,
            uniqExactIf(linking.language, linking.language != '') AS languages,
            uniqExactIf(linking.network, vouched.linked_itself = 1) AS vouched_networks
        FROM (SELECT source_domain, target_domain FROM domain_edges WHERE snapshot = {snapshot:UInt64} AND weight > 0) AS edges
        LEFT ANY JOIN linking ON edges.source_domain = linking.source
        LEFT ANY JOIN (SELECT domain AS name, toUInt8(referring_domains > 0) AS linked_itself FROM rows) AS vouched ON edges.source_domain = vouched.name
        GROUP BY target_domain
    )
SELECT
    domain,
    networks,
    vouched_networks,
    endings,
    languages,
    referring_domains,
    reciprocal,
    pages,
    days_known,
    inverse_pagerank_rank,
    trusted_harmonic_rank,
    ranked.graph_rank AS graph_rank,
    domains,
    domain IN {listed:Array(String)} AS listed,
    said.label = 'ok' AS vouched_for,
    arrayFilter(m -> m != '', [
        if(networks >= {networks:UInt32}, 'networks', ''),
        if(vouched_networks >= {networks:UInt32}, 'vouched', ''),
        if(endings >= {endings:UInt32}, 'endings', ''),
        if(languages >= {languages:UInt32}, 'languages', ''),
        if(ifNull(days_known, 0) > 0 AND ifNull(days_known, 0) * 2 >= oldest, 'age', ''),
        if(pages >= {pages:UInt32}, 'pages', ''),
        if(reciprocal * 5 <= referring_domains, 'one-way', ''),
        if(ifNull(inverse_pagerank_rank, 1e18) * 100 <= domains, 'reach', ''),
        if(ifNull(trusted_harmonic_rank, 1e18) * 10 <= domains, 'authority', ''),
        if(graph_rank BETWEEN 1 AND {graph:UInt64}, 'graph', ''),
        if(listed, 'listed', ''),
        if(vouched_for, 'ok', '')
    ]) AS marks
FROM rows
INNER JOIN linked ON rows.domain = linked.target
LEFT ANY JOIN (SELECT source_domain AS ranked_of, ifNull(min(harmonic_rank), 0) AS graph_rank FROM graph_referrers GROUP BY source_domain) AS ranked ON rows.domain = ranked.ranked_of
LEFT ANY JOIN (SELECT domain AS said_of, label FROM labels_now) AS said ON rows.domain = said.said_of
WHERE said.label NOT IN ('bad', 'ours', 'platform')
    AND domain NOT IN (SELECT suffix FROM platforms UNION DISTINCT SELECT owner FROM platforms)
ORDER BY length(arrayIntersect(marks, ['authority', 'graph', 'listed', 'ok'])) DESC, length(marks) DESC, vouched_networks DESC, networks DESC, domain
LIMIT {limit:UInt64}
