-- Backlinks of a target from some referring domains, which come in order with their authority and spam
-- risk (-1 where they are unknown). `per` tells what a row stands for: a domain, a page or a link; the best of its links
-- (live, to what names the target, followed, in the text, by name) is shown, and `similar` counts the others.
-- Links that arrive at the target by pages of others, or by other pages of its own, are there too.
-- Cost: the links of those domains; with a `language` the pages they are on.
SELECT
    source_domain,
    source_url,
    target_url,
    anchor,
    state,
    reason,
    rel,
    position,
    kind,
    if(known < 0, NULL, toFloat32(known)) AS authority,
    if(risk < 0, NULL, toFloat32(risk)) AS spam_risk,
    toUInt64(count() OVER (PARTITION BY source_domain, unit) - 1) AS similar,
    first_seen,
    not_before,
    last_seen,
    lost_by,
    CAST(NULL AS Nullable(String)) AS language,
    CAST(NULL AS Nullable(String)) AS text_before,
    CAST(NULL AS Nullable(String)) AS text_after,
    indirect,
    end_url,
    via
FROM
(
    SELECT
        *,
        substring(source_url, position(source_url, '://') + 3) AS source_page,
        substring(target_url, position(target_url, '://') + 3) AS target_page,
        extract(target_page, '^[^/:]+') AS named,
        target_page LIKE {under:String} AND ({under:String} != '%' OR indirect = 0 OR named = {domain:String} OR endsWith(named, {below:String})) AS own,
        arrayStringConcat(arrayFilter(r -> r != '', [if(nofollow = 1, 'nofollow', ''), if(ugc = 1, 'ugc', ''), if(sponsored = 1, 'sponsored', '')]), ' ') AS rel,
        multiIf({per:String} = 'domain', '', {per:String} = 'page', source_page, concat(source_page, ' ', target_page, ' ', kind)) AS unit,
        transform(source_domain, {domains:Array(String)}, {authorities:Array(Float64)}, toFloat64(-1)) AS known,
        transform(source_domain, {domains:Array(String)}, {risks:Array(Float64)}, toFloat64(-1)) AS risk
    FROM backlinks(domain = {domain:String})
    WHERE source_domain IN {domains:Array(String)}
        AND (target_page LIKE {under:String} OR substring(end_url, position(end_url, '://') + 3) LIKE {under:String})
        AND (source_domain != {after_source_domain:String} OR unit > {after_unit:String})
        AND ({state:String} = 'all' OR state = {state:String})
        AND multiIf({rel:String} = '', 1, {rel:String} = 'followed', rel = '', has(splitByChar(' ', rel), {rel:String}))
        AND (empty({kinds:Array(String)}) OR kind IN {kinds:Array(String)})
        AND (empty({positions:Array(String)}) OR position IN {positions:Array(String)})
        AND positionCaseInsensitiveUTF8(anchor, {anchor:String}) > 0
        AND startsWith(substring(target_page, position(target_page, '/')), {path:String})
        AND toUnixTimestamp64Milli(first_seen) >= {since:Int64}
        AND toUnixTimestamp64Milli(first_seen) < {until:Int64}
        AND ({language:String} = '' OR (source_domain, source_page) IN
        (
            SELECT domain, concat(host, path)
            FROM pages
            WHERE {language:String} != '' AND (domain, host, path) IN
            (
                SELECT source_domain, page_host, source_path
                FROM links
                WHERE {language:String} != '' AND target_domain = {domain:String} AND source_domain IN {domains:Array(String)}
                UNION ALL
                SELECT source_domain, source_host, source_path
                FROM indirect_links
                WHERE {language:String} != '' AND target_domain = {domain:String} AND source_domain IN {domains:Array(String)}
            )
            GROUP BY domain, host, path
            HAVING argMaxIfMerge(content).2 = {language:String}
        ))
)
ORDER BY
    known DESC,
    source_domain,
    unit,
    state != 'live',
    state = 'live' AND NOT own,
    rel != '',
    transform(position, ['main', 'aside', 'header', 'nav', 'comment', 'footer'], [0, 1, 2, 3, 4, 5], 6),
    source_page,
    target_page,
    kind
LIMIT 1 BY source_domain, unit
LIMIT {limit:UInt64}
