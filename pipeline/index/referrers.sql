-- The referring domains that changed: pairs with a page that came in since the last run, and pairs of the
-- domains of which something was erased; all there are with `whole`. A pure function of `links`, `pages` and
-- the last snapshot.
-- Cost: the links of those pairs.
INSERT INTO referrers
WITH
    pairs AS
    (
        SELECT DISTINCT target_domain, domain AS source_domain
        FROM page_links
        ARRAY JOIN target_domains AS target_domain
        WHERE (domain, host, path) IN
        (
            SELECT domain, host, path
            FROM arrivals
            WHERE arrived > {from:UInt64} AND arrived <= {to:UInt64}
        )
        UNION DISTINCT
        SELECT DISTINCT target_domain, source_domain
        FROM links
        WHERE {whole:UInt8} = 1 OR source_domain IN {domains:Array(String)} OR target_domain IN {domains:Array(String)}
    ),
    rolled AS
    (
        SELECT
            target_domain,
            source_domain,
            toUInt32(countIf(found.state = 'live')) AS live,
            toUInt32(countIf(found.state = 'lost')) AS lost,
            toUInt32(countIf(found.state = 'unverified')) AS unverified,
            toUInt32(countIf(found.state = 'live' AND found.rel = 0)) AS followed,
            toUInt32(countIf(found.state = 'live' AND found.nofollow = 1)) AS nofollow,
            toUInt32(countIf(found.state = 'live' AND found.ugc = 1)) AS ugc,
            toUInt32(countIf(found.state = 'live' AND found.sponsored = 1)) AS sponsored,
            toUInt32(uniqExactIf((found.source_host, found.source_path), found.state = 'live')) AS pages,
            toUInt32(uniqExactIf((found.target_host, found.target_path), found.state = 'live')) AS target_pages,
            arrayMap(place -> toUInt32(place), [countIf(found.state = 'live' AND found.position = 'main'), countIf(found.state = 'live' AND found.position = 'nav'), countIf(found.state = 'live' AND found.position = 'header'), countIf(found.state = 'live' AND found.position = 'footer'), countIf(found.state = 'live' AND found.position = 'aside'), countIf(found.state = 'live' AND found.position = 'comment')]) AS places,
            min(found.first_seen) AS first_seen,
            argMin(found.not_before, (found.first_seen, found.source_host, found.source_path, found.target_host, found.target_path, found.kind)) AS not_before,
            max(found.last_seen) AS last_seen,
            if(countIf(found.state != 'lost') = 0, max(found.lost_by), 0) AS lost_by,
            arraySort(a -> (-a.2, a.1), arrayMap(a -> (a.1, toUInt32(a.2)), topKIf(10, 3, 'counts')(found.anchor, found.state = 'live'))) AS anchors,
            argMin(
                (found.source_host, found.source_path, found.source_https, found.target_host, found.target_path, found.target_https, found.kind, found.state, found.reason, found.position, found.rel, found.anchor),
                (found.state != 'live', found.rel > 0, transform(found.position, ['main', 'aside', 'header', 'nav', 'comment', 'footer'], [0, 1, 2, 3, 4, 5], 6), found.source_host, found.source_path, found.target_host, found.target_path, found.kind)) AS best
        FROM
        (
            SELECT
                *,
                startsWith(source_url, 'https:') AS source_https,
                startsWith(target_url, 'https:') AS target_https,
                toUInt8(nofollow + 2 * ugc + 4 * sponsored) AS rel
            FROM link_states
            WHERE (target_domain, source_domain) IN (SELECT target_domain, source_domain FROM pairs)
        ) AS found
        GROUP BY target_domain, source_domain
    )
SELECT
    target_domain,
    source_domain,
    {written:UInt64},
    live,
    lost,
    unverified,
    followed,
    nofollow,
    ugc,
    sponsored,
    pages,
    target_pages,
    places,
    first_seen,
    not_before,
    last_seen,
    lost_by,
    anchors,
    best.1,
    best.2,
    best.3,
    best.4,
    best.5,
    best.6,
    best.7,
    best.8,
    best.9,
    best.10,
    best.11,
    best.12,
    visited.ip,
    visited.language,
    quality.authority
FROM rolled
LEFT ANY JOIN
(
    SELECT
        domain,
        host,
        path,
        argMaxMerge(visit).5 AS ip,
        argMaxIfMerge(content).2 AS language
    FROM pages
    WHERE (domain, host, path) IN
    (
        SELECT source_domain, source_host, source_path
        FROM links
        WHERE (target_domain, source_domain) IN (SELECT target_domain, source_domain FROM pairs)
    )
    GROUP BY domain, host, path
) AS visited ON visited.domain = rolled.source_domain AND visited.host = rolled.best.1 AND visited.path = rolled.best.2
LEFT ANY JOIN
(
    SELECT domain, toNullable(toFloat32(authority)) AS authority
    FROM domain_quality
    WHERE snapshot = (SELECT max(snapshot) FROM snapshots) AND domain IN (SELECT source_domain FROM pairs)
) AS quality ON quality.domain = rolled.source_domain
