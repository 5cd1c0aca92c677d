-- How the live links of some large targets are used, and where they end: of the pairs of domains that were just
-- rolled up (referrers.sql), and of those of domains of which something was erased, or with `whole` of all their
-- pairs; one of so many `pieces`, by the domain that links. What a row tells that was made before and is not so
-- any more becomes empty. A pure function of `links`, `indirect_links` and `leads_in`.
-- Cost: the links of those pairs, some 3 s of a core a million; two columns of their rows in `referrers`.
INSERT INTO link_uses
WITH
    pairs AS
    (
        SELECT DISTINCT target_domain, source_domain
        FROM referrers
        WHERE {whole:UInt8} = 0 AND target_domain IN {targets:Array(String)} AND (written = {written:UInt64} OR source_domain IN {domains:Array(String)} OR target_domain IN {domains:Array(String)})
        UNION DISTINCT
        SELECT DISTINCT target_domain, source_domain
        FROM link_uses
        WHERE {whole:UInt8} = 0 AND target_domain IN {targets:Array(String)}
            AND (source_domain IN {domains:Array(String)} OR target_domain IN {domains:Array(String)} OR ({erased:UInt8} = 1 AND arrayExists(end -> end != '', ends)))
    ),
    ways AS
    (
        SELECT end_domain, domain, host, path, end_host, end_path, end_https
        FROM leads_in FINAL
        WHERE end_domain IN {targets:Array(String)} AND active = 1 AND leads_on = '' AND notEmpty(via)
    ),
    uses AS
    (
        SELECT
            target_domain,
            source_domain,
            -- Of a pair with as many as a site can have no row may grow as it does.
            toUInt8(if((target_domain, source_domain) IN (SELECT target_domain, source_domain FROM referrers WHERE target_domain IN {targets:Array(String)} AND live + indirect > {most:UInt32}), cityHash64(anchor, page, end) % 64, 0)) AS part,
            anchor,
            if(named_domain = target_domain, concat(named_host, named_path), '') AS page,
            concat(ways.end_host, ways.end_path) AS end,
            max(named_domain = target_domain AND startsWith(target_url, 'https:')) AS https,
            any(ways.end_https) AS end_https,
            toUInt32(count()) AS links,
            toUInt32(countIf(nofollow + ugc + sponsored = 0)) AS followed
        FROM
        (
            SELECT target_domain, source_domain, named_domain, named_host, named_path, target_url, nofollow, ugc, sponsored, anchor
            FROM all_link_states
            WHERE state = 'live' AND target_domain IN {targets:Array(String)} AND cityHash64(source_domain) % {pieces:UInt32} = {piece:UInt32} AND ({whole:UInt8} = 1 OR (target_domain, source_domain) IN (SELECT target_domain, source_domain FROM pairs))
        ) AS states
        LEFT ANY JOIN ways ON ways.end_domain = states.target_domain AND ways.domain = states.named_domain AND ways.host = states.named_host AND ways.path = states.named_path
        WHERE named_domain = target_domain OR end != ''
        GROUP BY target_domain, source_domain, anchor, page, end
        UNION ALL
        SELECT DISTINCT target_domain, source_domain, part, '', '', '', 0, 0, 0, 0
        FROM link_uses
        WHERE target_domain IN {targets:Array(String)} AND cityHash64(source_domain) % {pieces:UInt32} = {piece:UInt32} AND ({whole:UInt8} = 1 OR (target_domain, source_domain) IN (SELECT target_domain, source_domain FROM pairs))
    )
SELECT
    target_domain,
    source_domain,
    part,
    {written:UInt64},
    arrayMap(use -> use.1, arraySort(groupArrayIf((anchor, page, end, https, end_https, links, followed), links > 0)) AS sorted),
    arrayMap(use -> use.2, sorted),
    arrayMap(use -> use.4, sorted),
    arrayMap(use -> use.6, sorted),
    arrayMap(use -> use.7, sorted),
    arrayMap(use -> use.3, sorted),
    arrayMap(use -> use.5, sorted)
FROM uses
GROUP BY target_domain, source_domain, part
