-- Which of these pages ever answered a visit, with themselves or with where they went. What else came (a refusal,
-- an error, nothing) tells nothing of a page. Reads the visits of these pages alone.
SELECT
    domain,
    host,
    path
FROM page_links
WHERE (domain, host, path) IN
(
    SELECT arrayJoin(arrayZip({domains:Array(String)}, {hosts:Array(String)}, {paths:Array(String)}))
)
    AND source != 'list' AND outcome IN ('ok', 'not_modified', 'redirect', 'gone')
GROUP BY domain, host, path
