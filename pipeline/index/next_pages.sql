-- Where each of some pages leads, and where it ever led. Reads the rows of those pages.
SELECT
    domain,
    host,
    path,
    https,
    toString(outcome) AS by,
    leads_to,
    leads_domain,
    arrayMap(turn -> turn.1, turns) AS since,
    arrayMap(turn -> turn.2, turns) AS not_before,
    arrayMap(turn -> turn.3, turns) AS until,
    arrayMap(turn -> turn.4, turns) AS outcomes,
    arrayMap(turn -> turn.5, turns) AS urls,
    arrayMap(turn -> turn.6, turns) AS url_domains,
    cityHash64(toString(turns)) AS turned
FROM page_fates FINAL
WHERE (domain, host, path) IN
    (
        SELECT page.1, page.2, page.3
        FROM (SELECT arrayJoin(arrayZip({domains:Array(String)}, {hosts:Array(String)}, {paths:Array(String)})) AS page)
    )
    AND arrayExists(turn -> turn.5 != '', turns)
