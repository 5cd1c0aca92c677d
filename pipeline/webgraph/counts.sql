-- How many domains link to each of these in one graph, and how many of them were seen to do so here.
-- Reads the rows and links of these targets.
SELECT
    target_domain,
    count() AS referring_domains,
    countIf(harmonic_rank IS NOT NULL OR pagerank_rank IS NOT NULL) AS ranked,
    countIf((target_domain, source_domain) IN
    (
        SELECT target_domain, source_domain
        FROM links
        WHERE target_domain IN {targets:Array(String)}
        GROUP BY target_domain, source_domain
        HAVING max(seen) > 0
    )) AS seen_here
FROM
(
    SELECT
        target_domain,
        source_domain,
        min(harmonic_rank) AS harmonic_rank,
        min(pagerank_rank) AS pagerank_rank
    FROM graph_referrers
    WHERE graph = {graph:String} AND target_domain IN {targets:Array(String)}
    GROUP BY target_domain, source_domain
)
GROUP BY target_domain
ORDER BY referring_domains DESC, target_domain
