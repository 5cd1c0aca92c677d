-- How the live links of some large targets are used: of the pairs of domains that changed, as in referrers.sql,
-- or with `whole` of all their pairs; one of so many `pieces`, by the domain that links. What a row tells that
-- was made before and is not so any more becomes empty. A pure function of `links`.
-- Cost: the links of those pairs, some 3 s of a core a million.
INSERT INTO link_uses
WITH
    pairs AS
    (
        SELECT target_domain, source_domain
        FROM due_pairs
        WHERE run = {written:UInt64} AND target_domain IN {targets:Array(String)}
        UNION DISTINCT
        SELECT DISTINCT target_domain, source_domain
        FROM referrers
        WHERE target_domain IN {targets:Array(String)} AND (source_domain IN {domains:Array(String)} OR target_domain IN {domains:Array(String)})
        UNION DISTINCT
        SELECT DISTINCT target_domain, source_domain
        FROM link_uses
        WHERE target_domain IN {targets:Array(String)} AND (source_domain IN {domains:Array(String)} OR target_domain IN {domains:Array(String)})
    ),
    uses AS
    (
        SELECT
            target_domain,
            source_domain,
            -- Of a pair with as many as a site can have no row may grow as it does.
            toUInt8(if((target_domain, source_domain) IN (SELECT target_domain, source_domain FROM referrers WHERE target_domain IN {targets:Array(String)} AND live > {most:UInt32}), cityHash64(anchor, page) % 64, 0)) AS part,
            anchor,
            concat(target_host, target_path) AS page,
            max(startsWith(target_url, 'https:')) AS https,
            toUInt32(count()) AS links,
            toUInt32(countIf(nofollow + ugc + sponsored = 0)) AS followed
        FROM link_states
        WHERE state = 'live' AND target_domain IN {targets:Array(String)} AND cityHash64(source_domain) % {pieces:UInt32} = {piece:UInt32} AND ({whole:UInt8} = 1 OR (target_domain, source_domain) IN (SELECT target_domain, source_domain FROM pairs))
        GROUP BY target_domain, source_domain, anchor, page
        UNION ALL
        SELECT DISTINCT target_domain, source_domain, part, '', '', 0, 0, 0
        FROM link_uses
        WHERE target_domain IN {targets:Array(String)} AND cityHash64(source_domain) % {pieces:UInt32} = {piece:UInt32} AND ({whole:UInt8} = 1 OR (target_domain, source_domain) IN (SELECT target_domain, source_domain FROM pairs))
    )
SELECT
    target_domain,
    source_domain,
    part,
    {written:UInt64},
    arrayMap(use -> use.1, arraySort(groupArrayIf((anchor, page, https, links, followed), links > 0)) AS sorted),
    arrayMap(use -> use.2, sorted),
    arrayMap(use -> use.3, sorted),
    arrayMap(use -> use.4, sorted),
    arrayMap(use -> use.5, sorted)
FROM uses
GROUP BY target_domain, source_domain, part
