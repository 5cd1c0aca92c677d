-- The domains that link to a target or did, counted over its links: of a registered domain, where the host
-- and path of what is linked match `under` ('%' for all of it). Links that name no such page and end at one,
-- by pages of others or of its own that lead on, are counted apart; of a domain that has no others they tell
-- first_seen, last_seen and lost_by. Of all of a domain, those too that only a web graph knows, of which no
-- link was seen.
-- Cost: the rows of that domain in `referrers` and in `graph_referrers`; where `under` is not '%' its links
-- instead, and those that lead there.
-- Version: 3
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
    if(first_seen > 0, fromUnixTimestamp64Milli(toInt64(first_seen), 'UTC'), NULL) AS first_seen, -- first visit with a link; NULL where none was seen
    if(last_seen > 0, fromUnixTimestamp64Milli(toInt64(last_seen), 'UTC'), NULL) AS last_seen, -- latest visit with a link; NULL where none was seen
    if(lost_by > 0, fromUnixTimestamp64Milli(toInt64(lost_by), 'UTC'), NULL) AS lost_by, -- when the last of its links was known to be gone; NULL while one is not
    graph, -- the web graph that alone knows it; empty where a link was seen
    graph_rank, -- its rank in that graph by harmonic centrality, 1 is best; NULL where it is not known
    toString(country) AS country, -- ISO 3166 code of source_domain, as the last snapshot has it, or by its ending; empty where that says none
    indirect, -- live links to pages elsewhere that lead to the target, beside those above
    indirect_lost, -- of such links, those that are lost
    indirect_unverified, -- of such links, those that are unverified
    indirect_followed, -- of such live links, those that are followed
    spam_risk -- of source_domain, 0 to 100; NULL where it is unknown
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
        lost_by,
        '' AS graph,
        CAST(NULL, 'Nullable(UInt64)') AS graph_rank,
        country,
        indirect,
        indirect_lost,
        indirect_unverified,
        indirect_followed,
        spam_risk
    FROM referrers FINAL
    -- A row of noughts: only a list spoke of a link, to no page that it named, until the page was read; or the
    -- links arrived by a page that leads elsewhere now.
    WHERE {under:String} = '%' AND target_domain = {domain:String} AND live + lost + unverified + indirect + indirect_lost + indirect_unverified > 0
    UNION ALL
    SELECT
        graphs.source_domain,
        quality.authority,
        0,
        0,
        0,
        0,
        0,
        0,
        '',
        0,
        0,
        0,
        graphs.graph,
        graphs.harmonic_rank,
        if(quality.country != '', quality.country, endings.country),
        0,
        0,
        0,
        0,
        quality.spam_risk
    FROM
    (
        SELECT source_domain, graph, harmonic_rank
        FROM graph_backlinks(domain = {domain:String})
        WHERE {under:String} = '%'
            AND source_domain NOT IN (SELECT source_domain FROM referrers FINAL WHERE target_domain = {domain:String} AND live + lost + unverified + indirect + indirect_lost + indirect_unverified > 0)
    ) AS graphs
    LEFT ANY JOIN
    (
        SELECT domain, toNullable(toFloat32(authority)) AS authority, toNullable(toFloat32(spam_risk)) AS spam_risk, toString(country) AS country
        FROM domain_quality
        WHERE snapshot = (SELECT max(snapshot) FROM snapshots)
            AND domain IN (SELECT source_domain FROM graph_referrers WHERE {under:String} = '%' AND target_domain = {domain:String})
    ) AS quality ON quality.domain = graphs.source_domain
    LEFT ANY JOIN country_endings AS endings ON endings.ending = splitByChar('.', graphs.source_domain)[-1]
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
        lost_by,
        '',
        NULL,
        quality.country,
        indirect,
        indirect_lost,
        indirect_unverified,
        indirect_followed,
        quality.spam_risk
    FROM
    (
        SELECT
            source_domain,
            toUInt32(countIf(own AND state = 'live')) AS live,
            toUInt32(countIf(own AND state = 'lost')) AS lost,
            toUInt32(countIf(own AND state = 'unverified')) AS unverified,
            toUInt32(countIf(own AND state = 'live' AND nofollow + ugc + sponsored = 0)) AS followed,
            toUInt32(uniqExactIf(substring(source_url, position(source_url, '://')), own AND state = 'live')) AS pages,
            toUInt32(uniqExactIf(target_page, own AND state = 'live')) AS target_pages,
            arraySort(a -> (-a.2, a.1), topKIf(10, 3, 'counts')(links.anchor, own AND state = 'live'))[1].1 AS anchor,
            live + lost + unverified > 0 AS is_named,
            if(is_named, minIf(came, own), min(came)) AS first_seen,
            if(is_named, maxIf(latest, own), max(latest)) AS last_seen,
            if(if(is_named, live + unverified, indirect + indirect_unverified) > 0, 0, if(is_named, maxIf(gone, own), max(gone))) AS lost_by,
            toUInt32(countIf(NOT own AND state = 'live')) AS indirect,
            toUInt32(countIf(NOT own AND state = 'lost')) AS indirect_lost,
            toUInt32(countIf(NOT own AND state = 'unverified')) AS indirect_unverified,
            toUInt32(countIf(NOT own AND state = 'live' AND nofollow + ugc + sponsored = 0)) AS indirect_followed
        FROM
        (
            SELECT
                source_domain,
                source_url,
                state,
                anchor,
                nofollow,
                ugc,
                sponsored,
                substring(target_url, position(target_url, '://') + 3) AS target_page,
                target_page LIKE {under:String} AS own,
                toUInt64(toUnixTimestamp64Milli(first_seen)) AS came,
                toUInt64(toUnixTimestamp64Milli(last_seen)) AS latest,
                ifNull(toUInt64(toUnixTimestamp64Milli(lost_by)), 0) AS gone
            FROM backlinks(domain = {domain:String})
            WHERE {under:String} != '%' AND (target_page LIKE {under:String} OR substring(end_url, position(end_url, '://') + 3) LIKE {under:String})
        ) AS links
        GROUP BY source_domain
    ) AS counted
    LEFT ANY JOIN
    (
        SELECT source_domain, authority, spam_risk, country
        FROM referrers FINAL
        WHERE {under:String} != '%' AND target_domain = {domain:String}
    ) AS quality ON quality.source_domain = counted.source_domain
)
