-- The links to some pages that lead on to another domain, for that domain; no more than `most`, since the
-- others come when the pages that they are on are visited again.
-- Cost: those links; they are looked for among those of their domains.
INSERT INTO indirect_links (target_domain, source_domain, source_host, source_path, named_domain, named_host, named_path, kind, first_seen, listed, confirmed, doubt, lost, absent_before, uncounted, source_https, target_https, look)
SELECT
    led.end_domain,
    source_domain,
    page_host,
    source_path,
    target_domain,
    target_host,
    target_path,
    kind,
    first_seen,
    listed,
    confirmed,
    doubt,
    lost,
    absent_before,
    uncounted,
    source_https,
    target_https,
    look
FROM links
INNER JOIN
(
    SELECT page.1 AS domain, page.2 AS host, page.3 AS path, page.4 AS end_domain
    FROM (SELECT arrayJoin(arrayZip({domains:Array(String)}, {hosts:Array(String)}, {paths:Array(String)}, {ends:Array(String)})) AS page)
) AS led ON led.domain = links.target_domain AND led.host = links.target_host AND led.path = links.target_path
WHERE target_domain IN {domains:Array(String)}
    AND (target_host, target_path) IN
    (
        SELECT page.1, page.2
        FROM (SELECT arrayJoin(arrayZip({hosts:Array(String)}, {paths:Array(String)})) AS page)
    )
    AND source_domain != led.end_domain
LIMIT {most:UInt64}
