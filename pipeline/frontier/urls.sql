-- The URLs known of a registered domain or of one of its hosts: when each is due, and how its last
-- visit ended. Reads that domain's rows of the frontier and of the pages.
SELECT
    url,
    due_s,
    fetched_s,
    outcome,
    if(outcome = '', 0, interval_s) AS interval_s,
    failed,
    leased_until
FROM
(
    SELECT
        host,
        path,
        concat(if(max(https) = 1, 'https://', 'http://'), host, path) AS url,
        max(fetched) AS visited,
        max(leased) AS lease,
        max(wanted) AS asked,
        max(failures) AS failures_,
        toUInt32(bitShiftRight(visited, 32)) AS fetched_s,
        if(bitShiftRight(lease, 32) > fetched_s, toUInt32(bitAnd(lease, 4294967295)), 0) AS leased_until,
        if(asked > fetched_s, least(asked, toUInt32(bitAnd(visited, 4294967295))), toUInt32(bitAnd(visited, 4294967295))) AS due_s,
        toUInt8(if(bitShiftRight(failures_, 32) = fetched_s, bitAnd(failures_, 255), 0)) AS failed
    FROM frontier
    WHERE bucket = cityHash64({domain:String}) % 1024
        AND domain = {domain:String}
        AND ({host:String} = '' OR host = {host:String} OR startsWith(host, concat({host:String}, ':')))
    GROUP BY host, path
) AS known
LEFT JOIN
(
    SELECT
        host,
        path,
        tupleElement(argMaxMerge(visit), 1) AS outcome,
        tupleElement(argMaxIfMerge(validators), 4) AS interval_s
    FROM pages
    WHERE domain = {domain:String}
    GROUP BY host, path
) AS visited USING (host, path)
ORDER BY due_s, url
LIMIT {rows:UInt32}
