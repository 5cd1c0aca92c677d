-- What each domain's backlinks come to: links, pages, anchors. Reads the edges and links once.
SELECT
    target_domain AS domain,
    toUInt32(count()) AS links,
    countIf(nofollow = 0 AND ugc = 0 AND sponsored = 0) / count() AS follow_share,
    toUInt32(uniqExact(source_domain)) AS referring_domains,
    toUInt32(uniqExact(source_host, source_path)) AS referring_pages,
    arrayMap(a -> a.2, arraySlice(arraySort(arrayFilter(a -> a.2 != '', arrayMap((n, a) -> (-n, a), sumMap([anchor], [1]).2, sumMap([anchor], [1]).1))), 1, 5)) AS top_anchors
FROM link_states
WHERE state = 'live' AND kind IN ('a', 'area', 'img-link', 'redirect')
GROUP BY target_domain
