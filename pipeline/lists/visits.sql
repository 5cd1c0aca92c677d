-- How these pages answered the latest visit since a moment, whether it read all of them, and whether they
-- are left out of search, themselves or for another. Reads the visits of these pages alone.
SELECT
    domain,
    host,
    path,
    argMax(outcome, at) AS outcome,
    argMax(status, at) AS status,
    argMax(whole, at) AS whole,
    argMax(incomplete, at) AS incomplete,
    argMax(final_url, at) AS final_url,
    argMax(noindex, at) AS noindex,
    argMax(elsewhere, at) AS elsewhere,
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
        max(final_url) AS final_url,
        max(noindex) AS noindex,
        max(leads_by) = 'canonical' AS elsewhere
    FROM page_links FINAL
    WHERE (domain, host, path) IN
    (
        SELECT arrayJoin(arrayZip({domains:Array(String)}, {hosts:Array(String)}, {paths:Array(String)}))
    )
        AND at >= {since:UInt64} AND source != 'list'
    GROUP BY domain, host, path, at, source
)
GROUP BY domain, host, path
