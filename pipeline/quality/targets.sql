-- What each domain's backlinks come to, as of the snapshot: links, pages, anchors. Reads the edges and links once. What is
-- suppressed has no part, though it were not erased yet.
WITH
    suppressed AS (SELECT name FROM controls FINAL WHERE verb = 'suppress' AND value > 0),
    (SELECT groupArray(name) FROM suppressed WHERE position(name, '/') > 0) AS prefixes
SELECT
    target_domain AS domain,
    toUInt32(count()) AS links,
    countIf(nofollow = 0 AND ugc = 0 AND sponsored = 0) / count() AS follow_share,
    toUInt32(uniqExact(source_domain)) AS referring_domains,
    toUInt32(uniqExact(source_host, source_path)) AS referring_pages,
    arrayMap(a -> a.2, arraySlice(arraySort(arrayFilter(a -> a.2 != '', arrayMap((n, a) -> (-n, a), sumMap([anchor], [1]).2, sumMap([anchor], [1]).1))), 1, 5)) AS top_anchors
FROM link_states
WHERE first_seen <= {snapshot:UInt64} AND (state = 'live' OR (state = 'lost' AND lost_by > {snapshot:UInt64}))
    AND kind IN ('a', 'area', 'img-link', 'redirect')
    AND source_domain NOT IN (SELECT name FROM suppressed)
    AND source_host NOT IN (SELECT name FROM suppressed)
    AND if(position(source_host, ':') = 0, source_host, replaceRegexpOne(source_host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
    AND NOT arrayExists(p -> startsWith(concat(source_host, source_path), p) OR startsWith(concat(if(position(source_host, ':') = 0, source_host, replaceRegexpOne(source_host, ':[0-9]+$', '')), source_path), p), prefixes)
    AND target_domain NOT IN (SELECT name FROM suppressed)
    AND target_host NOT IN (SELECT name FROM suppressed)
    AND if(position(target_host, ':') = 0, target_host, replaceRegexpOne(target_host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
    AND NOT arrayExists(p -> startsWith(concat(target_host, target_path), p) OR startsWith(concat(if(position(target_host, ':') = 0, target_host, replaceRegexpOne(target_host, ':[0-9]+$', '')), target_path), p), prefixes)
GROUP BY target_domain
