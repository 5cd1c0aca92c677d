-- Where pages that arrived since a moment lead to, that redirect. Reads the arrivals since then, and
-- those pages' visits.
SELECT DISTINCT
    domain,
    final_url
FROM page_links FINAL
WHERE (domain, host, path) IN
(
    SELECT domain, host, path
    FROM arrivals
    WHERE arrived >= {since:UInt64}
)
    AND at >= {since:UInt64} AND source = 'crawl' AND outcome = 'redirect' AND final_url != ''
