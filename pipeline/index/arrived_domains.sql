-- Where to cut what arrived by the names of domains, in order: the last one of each piece, and how many of the pages it
-- has, about `most`. A domain is never cut.
-- Cost: the domains of those arrivals.
SELECT max(domain) AS until, sum(pages) AS pages
FROM
(
    SELECT
        domain,
        pages,
        intDiv(sum(pages) OVER (ORDER BY domain) - pages, {most:UInt64}) AS piece
    FROM
    (
        SELECT domain, count() AS pages
        FROM arrivals
        WHERE arrived > {from:UInt64} AND arrived <= {to:UInt64}
        GROUP BY domain
    )
)
GROUP BY piece
ORDER BY piece
