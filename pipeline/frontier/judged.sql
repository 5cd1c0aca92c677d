-- What sites came to when they were last judged, for budgets by other settings. Reads these buckets of
-- the table sites, and of the frontier the hops: no pages.
SELECT
    bucket,
    domain,
    max(at) AS judged_at,
    argMax(pages, at) AS pages,
    argMax(complete, at) AS complete,
    argMax(texts, at) AS texts,
    argMax(linking, at) AS linking,
    argMax(out_domains, at) AS out_domains,
    argMax(tuple(authority), at).1 AS authority,
    domain IN (SELECT domain FROM frontier WHERE bucket IN {buckets:Array(UInt16)} AND hops = 0) AS seeded
FROM sites
WHERE bucket IN {buckets:Array(UInt16)}
GROUP BY bucket, domain
