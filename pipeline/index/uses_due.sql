-- The large targets that changed, or with `whole` all of them: those with `least` live links or more, as far as
-- rows tell that are not merged yet, and those that were large before; how many links each has.
-- Cost: the visits of the pages that came in, and two columns of the rows of their targets in `referrers`.
SELECT
    target_domain,
    sum(referrers.live) AS links,
    target_domain IN (SELECT target_domain FROM large_targets) AS is_kept
FROM referrers
WHERE {whole:UInt8} = 1 OR target_domain IN
    (
        SELECT target_domain
        FROM page_links
        ARRAY JOIN target_domains AS target_domain
        WHERE (domain, host, path) IN
        (
            SELECT domain, host, path
            FROM arrivals
            WHERE arrived > {from:UInt64} AND arrived <= {to:UInt64}
        )
        UNION DISTINCT
        SELECT target_domain
        FROM large_targets
        WHERE notEmpty({domains:Array(String)})
    )
GROUP BY target_domain
HAVING is_kept OR links >= {least:UInt64}
ORDER BY target_domain
