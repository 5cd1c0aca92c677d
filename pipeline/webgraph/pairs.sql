-- Who links to these domains in one graph, from a pair on, by source. Reads the rows of these targets.
SELECT
    source_domain,
    target_domain
FROM graph_referrers
WHERE graph = {graph:String} AND target_domain IN {targets:Array(String)}
    AND (source_domain, target_domain) > ({source:String}, {target:String})
GROUP BY source_domain, target_domain
ORDER BY source_domain, target_domain
LIMIT {rows:UInt32}
