-- The best ranked domains that link to these in one graph and were not seen to do so here. Reads the
-- rows and links of these targets.
SELECT source_domain AS domain
FROM graph_referrers
WHERE graph = {graph:String} AND target_domain IN {targets:Array(String)}
    AND (target_domain, source_domain) NOT IN
    (
        SELECT target_domain, source_domain
        FROM links
        WHERE target_domain IN {targets:Array(String)}
        GROUP BY target_domain, source_domain
        HAVING max(seen) > 0
    )
GROUP BY source_domain
ORDER BY min(harmonic_rank) ASC NULLS LAST, source_domain
LIMIT {rows:UInt32}
