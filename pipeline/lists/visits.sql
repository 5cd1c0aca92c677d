-- How these pages answered the latest visit since a moment, and whether it read all of them. Reads the
-- visits of these pages alone.
SELECT
    domain,
    host,
    path,
    argMax(outcome, at) AS outcome,
    argMax(status, at) AS status,
    argMax(whole, at) AS whole,
    argMax(incomplete, at) AS incomplete,
    argMax(final_url, at) AS final_url,
    max(at) AS visited
FROM
(
    SELECT
        domain,
        host,
        path,
        at,
        toString(min(outcome)) AS outcome,
        max(status) AS status,
        min(complete) = 1 AND uniqExact(part) = max(parts) AS whole,
        max(toString(incomplete)) AS incomplete,
        max(final_url) AS final_url
    FROM page_links FINAL
    WHERE (domain, host, path) IN
    (
        SELECT arrayJoin(arrayZip({domains:Array(String)}, {hosts:Array(String)}, {paths:Array(String)}))
    )
        AND at >= {since:UInt64} AND source != 'list'
    GROUP BY domain, host, path, at, source
)
GROUP BY domain, host, path
