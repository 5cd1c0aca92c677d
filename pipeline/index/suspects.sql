-- Pages whose latest visit proves nothing alone: a link is missing, or the page is gone, since one
-- visit only. They are asked for again soon, so that a loss is known in days and not in months.
-- Cost: the visits of the changed pages.
INSERT INTO frontier_in (domain, host, path, wanted)
WITH visits AS
(
    SELECT
        domain,
        host,
        path,
        at,
        source,
        min(outcome) AS outcome,
        outcome IN ('gone', 'redirect') OR (outcome = 'ok' AND min(complete) = 1 AND uniqExact(part) = max(parts)) AS tells,
        groupArrayArray(arrayZip(targets, kinds)) AS links
    FROM changed_visits FINAL
    WHERE run = {run:UInt64}
    GROUP BY domain, host, path, at, source
)
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
        maxIf(at, source != 'list') AS latest,
        -- The latest visits that tell, newest first: gone, or a whole body.
        arrayReverseSort(v -> v.1, groupArrayIf((at, outcome, links), tells)) AS telling
    FROM visits
    GROUP BY domain, host, path
)
WHERE length(telling) >= 2
    AND latest = telling[1].1
    AND telling[1].2 != 'redirect'
    AND arrayExists(link -> NOT has(telling[1].3, link), telling[2].3)
