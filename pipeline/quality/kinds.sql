-- What kinds of links each pair of domains has and how they look: of targets after `after` up to `until`, in
-- the order of their names. Links that are not lost, as in edges.sql, of what is not suppressed. The kind is
-- that of most of its links, of as many the better one, and the evidence that of one of these.
-- Cost: as link_kinds_among.
WITH
    suppressed AS (SELECT name FROM controls FINAL WHERE verb = 'suppress' AND value > 0),
    (SELECT groupArray(name) FROM suppressed WHERE position(name, '/') > 0) AS prefixes
SELECT
    target_domain,
    source_domain,
    tupleElement(argMax((one.found, one.evidence), (one.links, -one.place)), 1) AS kind,
    tupleElement(argMax((one.found, one.evidence), (one.links, -one.place)), 2) AS evidence,
    toUInt32(sum(one.links)) AS links,
    toUInt32(sum(one.placed)) AS placed,
    toUInt32(sum(one.main)) AS main,
    toUInt32(sum(one.footer)) AS footer,
    toUInt32(sum(one.followed)) AS followed,
    toUInt32(sum(one.live)) AS live,
    toUInt32(sum(one.money)) AS money,
    toUInt32(sum(one.keyword)) AS keyword,
    toUInt32(sum(one.worded)) AS worded,
    toUInt32(sum(one.near_money)) AS near_money,
    toUInt64(sum(one.on_pages)) AS on_pages,
    toUInt32(sum(one.counted)) AS counted,
    min(one.first_seen) AS first_seen
FROM
(
    SELECT
        target_domain,
        source_domain,
        kind AS found,
        transform(kind, ['editorial', 'directory', 'syndicated', 'navigation', 'widget', 'ugc', 'sitewide', 'sponsored'], [1, 2, 3, 4, 5, 6, 7, 8], 9) AS place,
        min(told.evidence) AS evidence,
        count() AS links,
        countIf(position != '') AS placed,
        countIf(position = 'main') AS main,
        countIf(position = 'footer') AS footer,
        countIf(nofollow = 0 AND ugc = 0 AND sponsored = 0) AS followed,
        countIf(state != 'unverified') AS live,
        countIf(arrayExists(w -> w IN {words:Array(String)}, extractAll(lowerUTF8(anchor), '[\\pL\\pN_]+')) OR multiSearchAny(anchor, {within:Array(String)})) AS money,
        -- As searches are typed and nobody writes: Unicode's small letters alone, and not the target's name.
        countIf(match(anchor, '^\\p{Ll}+( \\p{Ll}+){1,4}$') AND position(replaceAll(anchor, ' ', ''), splitByChar('.', target_domain)[1]) = 0) AS keyword,
        countIf(text_before != '' OR text_after != '') AS worded,
        countIf(arrayExists(w -> w IN {words:Array(String)}, extractAll(lowerUTF8(concat(text_before, ' ', text_after)), '[\\pL\\pN_]+')) OR multiSearchAny(concat(text_before, ' ', text_after), {within:Array(String)})) AS near_money,
        sum(on_page) AS on_pages,
        countIf(on_page > 0) AS counted,
        min(told.first_seen) AS first_seen
    FROM link_kinds_among(domain = '', after = {after:String}, until = {until:String}, as_of = {snapshot:UInt64}) AS told
    WHERE (state != 'lost' OR lost_by > {snapshot:UInt64}) AND element IN ('a', 'area', 'img-link', 'redirect')
        AND source_domain NOT IN (SELECT name FROM suppressed)
        AND source_host NOT IN (SELECT name FROM suppressed)
        AND if(position(source_host, ':') = 0, source_host, replaceRegexpOne(source_host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
        AND NOT arrayExists(p -> startsWith(concat(source_host, source_path), p) OR startsWith(concat(if(position(source_host, ':') = 0, source_host, replaceRegexpOne(source_host, ':[0-9]+$', '')), source_path), p), prefixes)
        AND target_domain NOT IN (SELECT name FROM suppressed)
        AND target_host NOT IN (SELECT name FROM suppressed)
        AND if(position(target_host, ':') = 0, target_host, replaceRegexpOne(target_host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
        AND NOT arrayExists(p -> startsWith(concat(target_host, target_path), p) OR startsWith(concat(if(position(target_host, ':') = 0, target_host, replaceRegexpOne(target_host, ':[0-9]+$', '')), target_path), p), prefixes)
    GROUP BY target_domain, source_domain, kind
) AS one
GROUP BY target_domain, source_domain
ORDER BY target_domain, source_domain
