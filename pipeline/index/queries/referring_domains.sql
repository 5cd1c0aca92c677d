-- The referring domains of a domain, the strongest first; last those that only a web graph knows, by
-- their rank in it. Reads the links and the graphs' rows of that target alone.
SELECT
    found.domain AS domain,
    quality.authority AS authority,
    live,
    lost,
    unverified,
    followed,
    pages,
    anchor,
    first_seen,
    last_seen,
    graph,
    graph_rank
FROM
(
    SELECT
        source_domain AS domain,
        countIf(state = 'live') AS live,
        countIf(state = 'lost') AS lost,
        countIf(state = 'unverified') AS unverified,
        countIf(state = 'live' AND nofollow = 0 AND ugc = 0 AND sponsored = 0) AS followed,
        uniqExactIf(source_url, state = 'live') AS pages,
        topKIf(1)(anchor, state = 'live' AND anchor != '')[1] AS anchor,
        toNullable(min(first_seen)) AS first_seen,
        toNullable(max(last_seen)) AS last_seen,
        '' AS graph,
        CAST(NULL, 'Nullable(UInt64)') AS graph_rank
    FROM backlinks(domain = {domain:String})
    GROUP BY source_domain
    UNION ALL
    SELECT
        source_domain,
        0,
        0,
        0,
        0,
        0,
        '',
        NULL,
        NULL,
        graph,
        harmonic_rank
    FROM graph_backlinks(domain = {domain:String})
    WHERE source_domain NOT IN
    (
        SELECT source_domain
        FROM links
        WHERE target_domain = {domain:String} AND (seen > 0 OR listed > 0)
    )
) AS found
LEFT JOIN
(
    SELECT domain, authority
    FROM domain_quality
    WHERE snapshot = (SELECT max(snapshot) FROM snapshots)
) AS quality ON quality.domain = found.domain
ORDER BY live = 0, graph != '', authority DESC NULLS LAST, followed DESC, graph_rank ASC NULLS LAST, domain
LIMIT {limit:UInt64} OFFSET {offset:UInt64}
SETTINGS join_use_nulls = 1
