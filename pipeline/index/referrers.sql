-- The referring domains that changed: pairs with a page that came in since the last run, and pairs of the
-- domains of which something was erased; with `whole` all there are. Of the targets after `after` up to
-- `until`, in the order of their names. A pure function of `links`, `whereabouts` and the last snapshot.
-- Cost: the links of those pairs, some 2 s of a core a million; the visits of the pages that came in.
INSERT INTO referrers
WITH
    pairs AS
    (
        SELECT DISTINCT target_domain, domain AS source_domain
        FROM page_links
        ARRAY JOIN target_domains AS target_domain
        WHERE target_domain > {after:String} AND ({until:String} = '' OR target_domain <= {until:String}) AND (domain, host, path) IN
        (
            SELECT domain, host, path
            FROM arrivals
            WHERE arrived > {from:UInt64} AND arrived <= {to:UInt64}
        )
        UNION DISTINCT
        SELECT DISTINCT target_domain, source_domain
        FROM links
        WHERE target_domain > {after:String} AND ({until:String} = '' OR target_domain <= {until:String}) AND (source_domain IN {domains:Array(String)} OR target_domain IN {domains:Array(String)})
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
            toUInt32(uniqExactIf(cityHash64(found.source_host, found.source_path), found.state = 'live')) AS pages,
            toUInt32(uniqExactIf(cityHash64(found.target_host, found.target_path), found.state = 'live')) AS target_pages,
            arrayMap(place -> toUInt32(place), [countIf(found.state = 'live' AND found.position = 'main'), countIf(found.state = 'live' AND found.position = 'nav'), countIf(found.state = 'live' AND found.position = 'header'), countIf(found.state = 'live' AND found.position = 'footer'), countIf(found.state = 'live' AND found.position = 'aside'), countIf(found.state = 'live' AND found.position = 'comment')]) AS places,
            min(found.first_seen) AS first_seen,
            -- Of the link seen first, by its name where two were: a string, since a tuple's minimum is slow.
            toUInt64(splitByChar('\0', min(concat(leftPad(toString(found.first_seen), 20, '0'), '\0', found.name, '\0', toString(found.not_before))))[-1]) AS not_before,
            max(found.last_seen) AS last_seen,
            if(countIf(found.state != 'lost') = 0, max(found.lost_by), 0) AS lost_by,
            groupArrayIf(found.anchor, found.state = 'live') AS texts,
            -- A state of topK takes a hundred times as long as most pairs' few texts.
            arrayReduce('topK(10, 3, \'counts\')', if(length(texts) > 30, texts, [])) AS frequent,
            arrayMap(text -> (text, countEqual(texts, text)), arrayDistinct(if(length(texts) > 30, [], texts))) AS few,
            arraySlice(arraySort(a -> (-a.2, a.1), arrayConcat(few, arrayMap(a -> (a.1, a.2), frequent))), 1, 10) AS top,
            splitByChar('\0', min(concat(found.rank, found.name, '\0', found.rest, '\0', found.anchor))) AS best
        FROM
        (
            SELECT
                *,
                toUInt8(nofollow + 2 * ugc + 4 * sponsored) AS rel,
                concat(if(state = 'live', '0', '1'), if(rel > 0, '1', '0'), transform(position, ['main', 'aside', 'header', 'nav', 'comment', 'footer'], ['0', '1', '2', '3', '4', '5'], '6')) AS rank,
                concat(source_host, '\0', source_path, '\0', target_host, '\0', target_path, '\0', kind) AS name,
                concat(toString(startsWith(source_url, 'https:')), '\0', toString(startsWith(target_url, 'https:')), '\0', state, '\0', reason, '\0', position, '\0', toString(rel)) AS rest
            FROM link_states
            WHERE target_domain > {after:String} AND ({until:String} = '' OR target_domain <= {until:String}) AND ({whole:UInt8} = 1 OR (target_domain, source_domain) IN (SELECT target_domain, source_domain FROM pairs))
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
    arrayMap(a -> (a.1, toUInt32(a.2)), top) AS anchors,
    substring(best[1], 4) AS source_host,
    best[2] AS source_path,
    toUInt8(best[6]) AS source_https,
    best[3] AS target_host,
    best[4] AS target_path,
    toUInt8(best[7]) AS target_https,
    best[5] AS kind,
    best[8] AS state,
    best[9] AS reason,
    best[10] AS position,
    toUInt8(best[11]) AS rel,
    best[12] AS anchor,
    visited.ip,
    visited.language,
    quality.authority,
    if(quality.country != '', quality.country, endings.country) AS country
FROM rolled
LEFT ANY JOIN
(
    SELECT domain, substring(max(address), 21) AS ip, substring(max(tongue), 21) AS language
    FROM whereabouts
    WHERE {whole:UInt8} = 1 OR domain IN (SELECT source_domain FROM pairs)
    GROUP BY domain
) AS visited ON visited.domain = rolled.source_domain
LEFT ANY JOIN
(
    SELECT domain, toNullable(toFloat32(authority)) AS authority, toString(country) AS country
    FROM domain_quality
    WHERE snapshot = (SELECT max(snapshot) FROM snapshots) AND ({whole:UInt8} = 1 OR domain IN (SELECT source_domain FROM pairs))
) AS quality ON quality.domain = rolled.source_domain
LEFT ANY JOIN country_endings AS endings ON endings.ending = splitByChar('.', rolled.source_domain)[-1]
