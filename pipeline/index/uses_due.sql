-- The large targets that changed, or with `whole` all of them: those that were large before, and those with
-- `least` live links or more by now; how many each has, of the former as far as rows tell that are not merged
-- yet. Cost: the visits of the pages that came in, and two columns of the rows of their targets in `referrers`.
WITH likely AS
(
    SELECT
        target_domain,
        sum(found.live) AS at_most,
        target_domain IN (SELECT target_domain FROM large_targets) AS was_large
    FROM
    (
        SELECT target_domain, live
        FROM referrers
        UNION ALL
        SELECT target_domain, toUInt32(0) AS live
        FROM large_targets
    ) AS found
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
    HAVING was_large OR at_most >= {least:UInt64}
)
SELECT target_domain, at_most AS links, toUInt8(1) AS is_kept
FROM likely
WHERE was_large
UNION ALL
SELECT target_domain, sum(referrers.live) AS links, toUInt8(0) AS is_kept
FROM referrers FINAL
WHERE target_domain IN (SELECT target_domain FROM likely WHERE NOT was_large)
GROUP BY target_domain
HAVING links >= {least:UInt64}
