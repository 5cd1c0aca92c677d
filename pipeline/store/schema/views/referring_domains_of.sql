-- The domains that link to a target or did, counted over its links: of a registered domain, where the host
-- and path of what is linked match `under` ('%' for all of it).
-- Cost: the rows of that domain in `referrers`; where `under` is not '%' its links instead.
-- Version: 1
SELECT
    source_domain, -- registered domain that links
    authority, -- of source_domain, 0 to 100; NULL where it is unknown
    live, -- live links
    lost, -- lost links
    unverified, -- unverified links
    followed, -- live links that are followed
    pages, -- pages with a live link
    target_pages, -- pages that live links point to
    anchor, -- the most frequent anchor text of the live links
    fromUnixTimestamp64Milli(toInt64(first_seen), 'UTC') AS first_seen, -- first visit with a link
    fromUnixTimestamp64Milli(toInt64(last_seen), 'UTC') AS last_seen, -- latest visit with a link
    if(lost_by > 0, fromUnixTimestamp64Milli(toInt64(lost_by), 'UTC'), NULL) AS lost_by -- when the last of its links was known to be gone; NULL while one is not
FROM
(
    SELECT
        source_domain,
        authority,
        live,
        lost,
        unverified,
        followed,
        pages,
        target_pages,
        anchors[1].1 AS anchor,
        first_seen,
        last_seen,
        lost_by
    FROM referrers FINAL
    WHERE {under:String} = '%' AND target_domain = {domain:String}
    UNION ALL
    SELECT
        counted.source_domain AS source_domain,
        quality.authority AS authority,
        live,
        lost,
        unverified,
        followed,
        pages,
        target_pages,
        anchor,
        first_seen,
        last_seen,
        lost_by
    FROM
    (
        SELECT
            source_domain,
            toUInt32(countIf(state = 'live')) AS live,
            toUInt32(countIf(state = 'lost')) AS lost,
            toUInt32(countIf(state = 'unverified')) AS unverified,
            toUInt32(countIf(state = 'live' AND nofollow + ugc + sponsored = 0)) AS followed,
            toUInt32(uniqExactIf((source_host, source_path), state = 'live')) AS pages,
            toUInt32(uniqExactIf((target_host, target_path), state = 'live')) AS target_pages,
            arraySort(a -> (-a.2, a.1), topKIf(10, 3, 'counts')(links.anchor, state = 'live'))[1].1 AS anchor,
            min(links.first_seen) AS first_seen,
            max(links.last_seen) AS last_seen,
            if(countIf(state != 'lost') = 0, max(links.lost_by), 0) AS lost_by
        FROM link_states AS links
        WHERE {under:String} != '%' AND target_domain = {domain:String} AND concat(target_host, target_path) LIKE {under:String}
        GROUP BY source_domain
    ) AS counted
    LEFT ANY JOIN
    (
        SELECT source_domain, authority
        FROM referrers FINAL
        WHERE {under:String} != '%' AND target_domain = {domain:String}
    ) AS quality ON quality.source_domain = counted.source_domain
)
