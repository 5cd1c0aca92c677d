-- The backlinks of a domain, the strongest first. Reads the links of that target alone.
SELECT
    links.source_domain AS source_domain,
    source_url,
    target_url,
    anchor,
    state,
    reason,
    arrayStringConcat(arrayFilter(r -> r != '', [if(nofollow = 1, 'nofollow', ''), if(ugc = 1, 'ugc', ''), if(sponsored = 1, 'sponsored', '')]), ' ') AS rel,
    position,
    kind,
    quality.authority AS authority,
    first_seen,
    not_before,
    last_seen,
    lost_by
FROM backlinks(domain = {domain:String}) AS links
LEFT JOIN
(
    SELECT domain, authority
    FROM domain_quality
    WHERE snapshot = (SELECT max(snapshot) FROM snapshots)
) AS quality ON quality.domain = links.source_domain
WHERE ({state:String} = 'all' OR state = {state:String})
ORDER BY state != 'live', authority DESC NULLS LAST, rel != '', position != 'main', source_domain, source_url, target_url, kind
LIMIT {per_domain:UInt64} BY source_domain
LIMIT {limit:UInt64} OFFSET {offset:UInt64}
SETTINGS join_use_nulls = 1
