-- The referring domains of a domain, the strongest first. Reads the links of that target alone.
SELECT
    links.source_domain AS domain,
    quality.authority AS authority,
    countIf(state = 'live') AS live,
    countIf(state = 'lost') AS lost,
    countIf(state = 'unverified') AS unverified,
    countIf(state = 'live' AND nofollow = 0 AND ugc = 0 AND sponsored = 0) AS followed,
    uniqExactIf(source_url, state = 'live') AS pages,
    topKIf(1)(anchor, state = 'live' AND anchor != '')[1] AS anchor,
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen
FROM backlinks(domain = {domain:String}) AS links
LEFT JOIN
(
    SELECT domain, authority
    FROM domain_quality
    WHERE snapshot = (SELECT max(snapshot) FROM snapshots)
) AS quality ON quality.domain = links.source_domain
GROUP BY links.source_domain, quality.authority
ORDER BY live = 0, authority DESC NULLS LAST, followed DESC, domain
LIMIT {limit:UInt64} OFFSET {offset:UInt64}
SETTINGS join_use_nulls = 1
