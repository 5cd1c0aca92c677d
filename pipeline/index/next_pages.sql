-- Where each of some pages leads. Reads the rows of those pages.
SELECT domain, host, path, https, toString(outcome) AS by, leads_to, leads_domain
FROM page_fates FINAL
WHERE (domain, host, path) IN
    (
        SELECT page.1, page.2, page.3
        FROM (SELECT arrayJoin(arrayZip({domains:Array(String)}, {hosts:Array(String)}, {paths:Array(String)})) AS page)
    )
    AND leads_to != ''
