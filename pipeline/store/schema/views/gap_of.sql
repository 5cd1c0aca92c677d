-- The domains with a live link to some of `others`, registered domains, and none to a target, each with the
-- best link to every one of them: the arrays are in one order. `lost`: a link of it to the target's domain
-- was lost. Of a registered domain, where the host and path of what is linked match `under` ('%' for all).
-- Cost: the rows of those domains in `referrers`; where `under` is not '%' the links of the first too.
-- Version: 2
SELECT
    best.source_domain AS source_domain,
    max(best.authority) AS authority, -- of source_domain, 0 to 100; NULL where it is unknown
    toUInt32(count()) AS sites, -- how many of the others it links to
    arrayMap(b -> b.1, arraySort(groupArray((best.target_domain, best.source_url, best.target_url, best.anchor)))) AS links_to, -- which of them
    arrayMap(b -> b.2, arraySort(groupArray((best.target_domain, best.source_url, best.target_url, best.anchor)))) AS source_urls, -- the page with the best link to each
    arrayMap(b -> b.3, arraySort(groupArray((best.target_domain, best.source_url, best.target_url, best.anchor)))) AS target_urls, -- what that link points to
    arrayMap(b -> b.4, arraySort(groupArray((best.target_domain, best.source_url, best.target_url, best.anchor)))) AS anchors, -- its anchor text
    toUInt32(sum(best.live)) AS links, -- live links to them
    toUInt32(sum(best.followed)) AS followed, -- of them followed
    source_domain IN (SELECT source_domain FROM referrers WHERE target_domain = {domain:String} AND lost > 0) AS lost -- 1 where a link of it to the target's domain was lost
FROM
(
    SELECT
        source_domain,
        target_domain,
        concat(if(source_https = 1, 'https://', 'http://'), source_host, source_path) AS source_url,
        concat(if(target_https = 1, 'https://', 'http://'), target_host, target_path) AS target_url,
        anchor,
        live,
        followed,
        authority
    FROM referrers FINAL
    WHERE target_domain IN {others:Array(String)} AND target_domain != {domain:String} AND live > 0
) AS best
WHERE best.source_domain != {domain:String}
    AND best.source_domain NOT IN {others:Array(String)}
    AND best.source_domain NOT IN
    (
        SELECT source_domain
        FROM referrers FINAL
        WHERE {under:String} = '%' AND target_domain = {domain:String} AND live + indirect > 0
        UNION ALL
        SELECT source_domain
        FROM link_states
        WHERE {under:String} != '%' AND target_domain = {domain:String} AND concat(target_host, target_path) LIKE {under:String} AND state = 'live'
    )
GROUP BY best.source_domain
