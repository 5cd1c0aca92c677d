-- Pages whose latest visit proves nothing alone: a link is missing, or the page is gone, since one
-- visit only. They are asked for again soon, so that a loss is known in days and not in months.
INSERT INTO frontier_in (domain, host, path, wanted)
SELECT
    domain,
    host,
    path,
    {wanted:UInt32}
FROM
(
    SELECT
        domain,
        host,
        path,
        arraySort(v -> v.1, groupArray((at, outcome, complete, arrayZip(targets, kinds)))) AS visits,
        visits[-1] AS latest,
        -- The latest visits that tell, newest first: gone, or a whole body.
        arrayReverse(arrayFilter(v -> v.2 IN ('gone', 'redirect') OR (v.2 = 'ok' AND v.3 = 1), visits)) AS telling,
        arrayDistinct(arrayFlatten(arrayMap(v -> v.4, telling))) AS ever
    FROM page_links FINAL
    WHERE (domain, host, path) IN
    (
        SELECT domain, host, path
        FROM arrivals
        WHERE arrived > {from:UInt64} AND arrived <= {to:UInt64}
    )
    GROUP BY domain, host, path
)
WHERE length(telling) >= 2
    AND latest.1 = telling[1].1
    AND length(arrayFilter(l -> NOT has(telling[1].4, l), telling[2].4)) > 0
    AND telling[1].2 != 'redirect'
