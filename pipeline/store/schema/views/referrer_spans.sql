-- From when to when each domain linked to a target: the first sighting of its first link, and when the last
-- of its links was known to be gone; and in a row of its own the same of the links that get there by other pages,
-- from when one first did. Of a registered domain, where the host and path of what is linked, or of where that
-- led, match `under` ('%' for all of it).
-- Cost: the rows of that domain in `referrers`, and the links that get there by other pages; where `under` is not
-- '%' its links instead.
-- Version: 2
SELECT
    spans.source_domain AS source_domain,
    spans.indirect AS indirect, -- 1: of links that get there by other pages
    fromUnixTimestamp64Milli(toInt64(spans.came_first), 'UTC') AS came, -- by when there was a link
    if(spans.went_last > 0, fromUnixTimestamp64Milli(toInt64(spans.went_last), 'UTC'), NULL) AS went -- by when all its links were gone; NULL while one is not lost
FROM
(
    SELECT
        source_domain,
        0 AS indirect,
        referrers.first_seen AS came_first,
        multiIf(live + unverified > 0, 0, lost_by > 0, lost_by, last_seen) AS went_last
    FROM referrers FINAL
    WHERE {under:String} = '%' AND target_domain = {domain:String} AND live + lost + unverified > 0
    UNION ALL
    SELECT
        source_domain,
        indirect,
        min(came) AS came_first,
        -- Of links that never counted it is not known when they went: they tell where no other does.
        multiIf(min(went) = 0, 0, maxIf(went, went_after > 0 OR indirect) > 0, maxIf(went, went_after > 0 OR indirect), max(went)) AS went_last
    FROM link_spans(domain = {domain:String}, under = {under:String}, named = if({under:String} != '%', 1, 0))
    GROUP BY source_domain, indirect
) AS spans
