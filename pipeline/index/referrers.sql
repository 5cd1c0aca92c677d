-- The referring domains that changed: the pairs of `due_pairs`, or with `whole` all there are. Of the targets after
-- `after` up to `until`, in the order of their names. A pure function of `links`, `indirect_links`, `leads_in`,
-- `whereabouts` and the last snapshot.
-- Cost: the links of those pairs, some 2 s of a core a million; the names in `indirect_links`.
INSERT INTO referrers
WITH
    pairs AS
    (
        SELECT target_domain, source_domain
        FROM due_pairs
        WHERE run = {written:UInt64} AND target_domain > {after:String} AND ({until:String} = '' OR target_domain <= {until:String})
    ),
    ways AS
    (
        SELECT
            end_domain,
            domain,
            host,
            path,
            concat(if(end_https = 1, 'https://', 'http://'), end_host, end_path) AS end_url,
            via
        FROM leads_in FINAL
        WHERE end_domain > {after:String} AND ({until:String} = '' OR end_domain <= {until:String}) AND active = 1 AND leads_on = ''
            AND ({whole:UInt8} = 1 OR end_domain IN (SELECT target_domain FROM pairs))
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
            -- A link by way of another domain has a state of its own here, such as `indirect live`: whatever is
            -- told of links is told of those that name the target, unless there are none.
            toUInt32(countIf(found.state = 'indirect live')) AS indirect,
            toUInt32(countIf(found.state = 'indirect lost')) AS indirect_lost,
            toUInt32(countIf(found.state = 'indirect unverified')) AS indirect_unverified,
            toUInt32(countIf(found.state = 'indirect live' AND found.rel = 0)) AS indirect_followed,
            live + lost + unverified > 0 AS is_named,
            if(is_named, minIf(found.first_seen, found.named_domain = ''), min(found.first_seen)) AS first_seen,
            -- Of the link seen first, by its name where two were: a string, since a tuple's minimum is slow.
            toUInt64(splitByChar('\0', min(concat(if(found.named_domain = '', '0', '1'), leftPad(toString(found.first_seen), 20, '0'), '\0', found.name, '\0', toString(found.not_before))))[-1]) AS not_before,
            if(is_named, maxIf(found.last_seen, found.named_domain = ''), max(found.last_seen)) AS last_seen,
            if(if(is_named, live + unverified, indirect + indirect_unverified) = 0, if(is_named, maxIf(found.lost_by, found.named_domain = ''), max(found.lost_by)), 0) AS lost_by,
            groupArrayIf(found.anchor, found.state = 'live') AS texts,
            -- A state of topK takes a hundred times as long as most pairs' few texts.
            arrayReduce('topK(10, 3, \'counts\')', if(length(texts) > 30, texts, [])) AS frequent,
            arrayMap(text -> (text, countEqual(texts, text)), arrayDistinct(if(length(texts) > 30, [], texts))) AS few,
            arraySlice(arraySort(a -> (-a.2, a.1), arrayConcat(few, arrayMap(a -> (a.1, a.2), frequent))), 1, 10) AS top,
            -- Its times are 8 bytes each, in which there may be a \0.
            min(concat(found.rank, found.name, '\0', found.rest, '\0', found.anchor, found.times)) AS whole,
            splitByChar('\0', substring(whole, 1, length(whole) - 32)) AS best
        FROM
        (
            SELECT
                *,
                toUInt8(nofollow + 2 * ugc + 4 * sponsored) AS rel,
                concat(transform(state, ['live', 'indirect live', 'lost', 'unverified'], ['0', '1', '2', '2'], '3'), if(rel > 0, '1', '0'), transform(position, ['main', 'aside', 'header', 'nav', 'comment', 'footer'], ['0', '1', '2', '3', '4', '5'], '6')) AS rank,
                concat(source_host, '\0', source_path, '\0', target_host, '\0', target_path, '\0', kind) AS name,
                concat(toString(startsWith(source_url, 'https:')), '\0', toString(startsWith(target_url, 'https:')), '\0', state, '\0', reason, '\0', position, '\0', toString(rel), '\0', named_domain) AS rest,
                concat(reinterpretAsFixedString(first_seen), reinterpretAsFixedString(not_before), reinterpretAsFixedString(last_seen), reinterpretAsFixedString(lost_by)) AS times
            FROM
            (
                SELECT target_domain, source_domain, source_host, source_path, target_host, target_path, kind, source_url, target_url, state, reason, first_seen, not_before, last_seen, lost_by, nofollow, ugc, sponsored, position, anchor, '' AS named_domain
                FROM link_states
                WHERE target_domain > {after:String} AND ({until:String} = '' OR target_domain <= {until:String}) AND ({whole:UInt8} = 1 OR (target_domain, source_domain) IN (SELECT target_domain, source_domain FROM pairs))
                UNION ALL
                SELECT target_domain, source_domain, source_host, source_path, named_host, named_path, kind, source_url, target_url, concat('indirect ', state), reason, first_seen, not_before, last_seen, lost_by, nofollow, ugc, sponsored, position, anchor, named_domain
                FROM all_link_states
                WHERE named_domain != target_domain AND target_domain > {after:String} AND ({until:String} = '' OR target_domain <= {until:String}) AND ({whole:UInt8} = 1 OR (target_domain, source_domain) IN (SELECT target_domain, source_domain FROM pairs))
                    AND (target_domain, named_domain, named_host, named_path) IN (SELECT end_domain, domain, host, path FROM ways)
            )
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
    replaceOne(best[8], 'indirect ', '') AS state,
    best[9] AS reason,
    best[10] AS position,
    toUInt8(best[11]) AS rel,
    best[13] AS anchor,
    visited.ip,
    visited.language,
    quality.authority,
    indirect,
    indirect_lost,
    indirect_unverified,
    indirect_followed,
    reinterpretAsUInt64(substring(whole, -32, 8)) AS best_first_seen,
    reinterpretAsUInt64(substring(whole, -24, 8)) AS best_not_before,
    reinterpretAsUInt64(substring(whole, -16, 8)) AS best_last_seen,
    reinterpretAsUInt64(substring(whole, -8, 8)) AS best_lost_by,
    best[12] AS named_domain,
    ways.end_url,
    ways.via,
    if(quality.country != '', quality.country, endings.country) AS country,
    quality.spam_risk
FROM
(
    SELECT *, if(best[12] = '', target_domain, best[12]) AS names
    FROM rolled
) AS rolled
LEFT ANY JOIN
(
    SELECT domain, substring(max(address), 21) AS ip, substring(max(tongue), 21) AS language
    FROM whereabouts
    WHERE {whole:UInt8} = 1 OR domain IN (SELECT source_domain FROM pairs)
    GROUP BY domain
) AS visited ON visited.domain = rolled.source_domain
LEFT ANY JOIN
(
    SELECT domain, toNullable(toFloat32(authority)) AS authority, toNullable(toFloat32(spam_risk)) AS spam_risk, toString(country) AS country
    FROM domain_quality
    WHERE snapshot = (SELECT max(snapshot) FROM snapshots) AND ({whole:UInt8} = 1 OR domain IN (SELECT source_domain FROM pairs))
) AS quality ON quality.domain = rolled.source_domain
LEFT ANY JOIN country_endings AS endings ON endings.ending = splitByChar('.', rolled.source_domain)[-1]
LEFT ANY JOIN ways ON ways.end_domain = rolled.target_domain AND ways.domain = rolled.names AND ways.host = rolled.best[3] AND ways.path = rolled.best[4]
