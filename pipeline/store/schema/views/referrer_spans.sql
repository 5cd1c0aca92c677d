-- From when to when each domain linked to a target: the first sighting of its first link, and when the last
-- of its links was known to be gone. Of a registered domain, where the host and path of what is linked match
-- `under` ('%' for all of it).
-- Cost: the rows of that domain in `referrers`; where `under` is not '%' its links instead.
-- Version: 1
SELECT
    spans.source_domain AS source_domain,
    fromUnixTimestamp64Milli(toInt64(spans.came), 'UTC') AS came, -- first sighting of a link
    if(spans.went > 0, fromUnixTimestamp64Milli(toInt64(spans.went), 'UTC'), NULL) AS went -- by when all its links were gone; NULL while one is not lost
FROM
(
    SELECT
        source_domain,
        referrers.first_seen AS came,
        multiIf(live + unverified > 0, 0, lost_by > 0, lost_by, last_seen) AS went
    FROM referrers FINAL
    WHERE {under:String} = '%' AND target_domain = {domain:String} AND live + lost + unverified > 0
    UNION ALL
    SELECT
        source_domain,
        min(links.first_seen) AS came,
        multiIf(countIf(state != 'lost') > 0, 0, max(links.lost_by) > 0, max(links.lost_by), max(links.last_seen)) AS went
    FROM link_states AS links
    WHERE {under:String} != '%' AND target_domain = {domain:String} AND concat(target_host, target_path) LIKE {under:String}
    GROUP BY source_domain
) AS spans
