-- Every external link that was seen on the pages of a source, with its life. Of a registered domain, where
-- the host and path of the page match `under` ('%' for all of it).
-- Cost: the visits of those pages, and for every domain that they link to the links that it has from there.
-- Version: 1
SELECT
    concat(source_host, source_path) AS page, -- host and path of the page
    source_url,
    target_domain, -- registered domain of what is linked
    target_url,
    kind,
    state,
    if(state = 'lost' AND told IN ('removed', 'gone', 'redirected') AND latest_elsewhere >= last, 'moved', told) AS reason,
    anchor,
    position,
    nofollow,
    ugc,
    sponsored,
    fromUnixTimestamp64Milli(toInt64(first), 'UTC') AS first_seen,
    if(before > 0, fromUnixTimestamp64Milli(toInt64(before), 'UTC'), NULL) AS not_before,
    fromUnixTimestamp64Milli(toInt64(last), 'UTC') AS last_seen,
    if(by > 0, fromUnixTimestamp64Milli(toInt64(by), 'UTC'), NULL) AS lost_by
FROM
(
    SELECT
        *,
        first_seen AS first,
        not_before AS before,
        last_seen AS last,
        lost_by AS by,
        reason AS told,
        maxIf(links.first_seen, state = 'live') OVER (PARTITION BY target_domain, target_host, target_path) AS latest_elsewhere
    FROM link_states AS links
    WHERE source_domain = {domain:String} AND target_domain IN
    (
        SELECT arrayJoin(target_domains)
        FROM page_links
        WHERE domain = {domain:String} AND concat(host, path) LIKE {under:String}
    )
)
WHERE page LIKE {under:String}
