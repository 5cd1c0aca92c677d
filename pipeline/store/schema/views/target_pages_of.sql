-- The pages of a target that live links point to, each with how its own latest visit went: of a registered
-- domain, where their host and path match `under` ('%' for all of it).
-- Cost: the rows of that domain in `referrers`, the links of those referring domains that link more than one
-- page, and the domain's own pages; where `under` is not '%' all links of the domain.
-- Version: 1
SELECT
    concat(if(own.https = 1 OR linked.https = 1, 'https://', 'http://'), linked.host, linked.path) AS url, -- the page; https where it was ever linked or asked for so
    links, -- live links to it
    referring_domains, -- domains with such a link
    followed, -- of the links, those that are followed
    if(own.last_visit > 0, own.visit.1, '') AS outcome, -- how its latest visit ended; empty where there was none
    if(own.last_visit > 0 AND own.visit.2 > 0, own.visit.2, NULL) AS status, -- HTTP status of that visit; NULL without an answer
    if(own.last_visit > 0, own.visit.4, '') AS leads_to, -- where it led; empty where nowhere else
    if(own.last_visit > 0, fromUnixTimestamp64Milli(toInt64(own.last_visit), 'UTC'), NULL) AS last_visit -- NULL where it was never fetched
FROM
(
    SELECT
        host,
        path,
        sum(found.links) AS links,
        count() AS referring_domains,
        sum(found.followed) AS followed,
        max(found.https) AS https
    FROM
    (
        SELECT target_host AS host, target_path AS path, live AS links, followed, target_https AS https
        FROM referrers FINAL
        WHERE {under:String} = '%' AND target_domain = {domain:String} AND live > 0 AND (live = 1 OR (target_pages = 1 AND target_https = 1))
        UNION ALL
        SELECT
            target_host AS host,
            target_path AS path,
            toUInt32(count()) AS links,
            toUInt32(countIf(nofollow + ugc + sponsored = 0)) AS followed,
            max(startsWith(target_url, 'https:')) AS https
        FROM link_states
        WHERE target_domain = {domain:String} AND state = 'live' AND concat(target_host, target_path) LIKE {under:String}
            AND ({under:String} != '%' OR source_domain IN
            (
                SELECT source_domain
                FROM referrers FINAL
                WHERE {under:String} = '%' AND target_domain = {domain:String} AND live > 0 AND NOT (live = 1 OR (target_pages = 1 AND target_https = 1))
            ))
        GROUP BY source_domain, target_host, target_path
    ) AS found
    GROUP BY host, path
) AS linked
LEFT ANY JOIN
(
    SELECT
        host,
        path,
        max(pages.last_visit) AS last_visit,
        max(pages.https) AS https,
        argMaxMerge(pages.visit) AS visit
    FROM pages
    WHERE domain = {domain:String} AND concat(host, path) LIKE {under:String}
    GROUP BY host, path
) AS own ON own.host = linked.host AND own.path = linked.path
