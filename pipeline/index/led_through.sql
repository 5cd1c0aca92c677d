-- Pages whose way leads through a page that came in since the last run and leads elsewhere than it did then.
-- Cost: the ways through those pages, and no more than `most` of them are told.
SELECT DISTINCT ways.domain AS domain, ways.host AS host, ways.path AS path
FROM
(
    SELECT domain, host, path, end_domain, end_host, end_path, leads_on
    FROM leads_in FINAL
    WHERE (end_domain, end_host, end_path) IN
        (
            SELECT domain, host, path
            FROM arrivals
            WHERE arrived > {from:UInt64} AND arrived <= {to:UInt64}
        )
        AND active = 1
) AS ways
INNER JOIN
(
    SELECT domain, host, path, leads_to
    FROM page_fates FINAL
    WHERE (domain, host, path) IN
    (
        SELECT domain, host, path
        FROM arrivals
        WHERE arrived > {from:UInt64} AND arrived <= {to:UInt64}
    )
) AS fates ON fates.domain = ways.end_domain AND fates.host = ways.end_host AND fates.path = ways.end_path
WHERE ways.leads_on != fates.leads_to
ORDER BY domain, host, path
LIMIT {most:UInt64}
