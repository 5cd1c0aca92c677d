-- Which of these domains were seen to link to which of those. Reads their links.
SELECT
    source_domain,
    target_domain
FROM links
WHERE target_domain IN {targets:Array(String)} AND source_domain IN {domains:Array(String)}
GROUP BY target_domain, source_domain
HAVING max(seen) > 0
