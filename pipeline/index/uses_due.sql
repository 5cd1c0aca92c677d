-- The large targets that changed, or with `whole` all of them: those that were large before, and those with
-- `least` live links or more by now; how many each has, of the former as far as rows tell that are not merged
-- yet. They changed where a pair of theirs did, or a way that leads there (`led`: version of the last run).
-- Cost: the pairs of the run, and three columns of the rows of their targets in `referrers`.
WITH likely AS
(
    SELECT
        target_domain,
        sum(found.links) AS at_most,
        target_domain IN (SELECT target_domain FROM large_targets) AS was_large
    FROM
    (
        SELECT target_domain, live + indirect AS links
        FROM referrers
        UNION ALL
        SELECT target_domain, 0 AS links
        FROM large_targets
    ) AS found
    WHERE {whole:UInt8} = 1 OR target_domain IN
    (
        SELECT target_domain
        FROM due_pairs
        WHERE run = {written:UInt64}
        UNION DISTINCT
        SELECT end_domain
        FROM leads
        WHERE version >= {led:UInt64}
        UNION DISTINCT
        SELECT target_domain
        FROM large_targets
        WHERE notEmpty({domains:Array(String)}) OR {erased:UInt8} = 1
    )
    GROUP BY target_domain
    HAVING was_large OR at_most >= {least:UInt64}
)
SELECT target_domain, at_most AS links, toUInt8(1) AS is_kept
FROM likely
WHERE was_large
UNION ALL
SELECT target_domain, sum(referrers.live + referrers.indirect) AS links, toUInt8(0) AS is_kept
FROM referrers FINAL
WHERE target_domain IN (SELECT target_domain FROM likely WHERE NOT was_large)
GROUP BY target_domain
HAVING links >= {least:UInt64}
