-- Where links to each of some pages get, as it was found out before. Reads the rows of those pages.
SELECT domain, host, path, https, end_domain, end_host, end_path, end_https, active, leads_on, hint, via, arrayMap(hop -> toString(hop), hops) AS hops, opened, opened_after, closed, closed_after, end_turns
FROM leads FINAL
WHERE (domain, host, path) IN
(
    SELECT page.1, page.2, page.3
    FROM (SELECT arrayJoin(arrayZip({domains:Array(String)}, {hosts:Array(String)}, {paths:Array(String)})) AS page)
)
