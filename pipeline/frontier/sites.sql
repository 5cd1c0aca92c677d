-- What the pages of these domains came to. Reads all their pages, the small columns alone.
-- Seeded: a URL of it is no hops from a seed, as all of a seed's site are. Of the frontier it reads the
-- hops of these domains.
-- A page whose last complete visit was before its text was kept tells nothing, and is not counted.
SELECT
    toUInt16(cityHash64(domain) % 1024) AS bucket,
    domain,
    toUInt32(count()) AS pages,
    toUInt32(countIf(last_complete > 0)) AS complete,
    toUInt32(uniqExactIf(text, last_complete > 0)) AS texts,
    toUInt32(countIf(external > 0)) AS linking,
    any(quality.out_domains) AS out_domains,
    any(quality.authority) AS authority,
    domain IN
    (
        SELECT domain
        FROM frontier
        WHERE domain IN {domains:Array(String)} AND bucket IN (SELECT cityHash64(arrayJoin({domains:Array(String)})) % 1024) AND hops = 0
    ) AS seeded
FROM
(
    SELECT
        domain,
        max(last_complete) AS last_complete,
        toUInt64(bitAnd(max(text), 18446744073709551615)) AS text,
        bitAnd(max(outward), 65535) AS external
    FROM pages
    WHERE domain IN {domains:Array(String)}
    GROUP BY domain, host, path
    HAVING last_complete = 0 OR max(outward) > 0
) AS visited
LEFT ANY JOIN
(
    SELECT
        domain,
        out_domains,
        authority
    FROM domain_quality
    WHERE snapshot = (SELECT max(snapshot) FROM snapshots) AND domain IN {domains:Array(String)}
) AS quality USING (domain)
GROUP BY domain
