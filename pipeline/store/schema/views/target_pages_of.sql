-- The pages of a target that live links point to or end at, each with how its own latest visit went: of a
-- registered domain, where their host and path match `under` ('%' for all of it). A link to a page that leads on to
-- another one of the target is a link to both; of the second it is indirect.
-- Cost: that of link_uses_of, the domain's own pages, and its rows of page_quality.
-- Version: 4
SELECT
    concat(if(own.https = 1 OR linked.https = 1, 'https://', 'http://'), linked.page) AS url, -- the page; https where it was ever linked or asked for so
    links, -- live links to it
    referring_domains, -- domains with such a link
    followed, -- of the links, those that are followed
    if(own.last_visit > 0, own.visit.1, '') AS outcome, -- how its latest visit ended; empty where there was none
    if(own.last_visit > 0 AND own.visit.2 > 0, own.visit.2, NULL) AS status, -- HTTP status of that visit; NULL without an answer
    if(own.last_visit > 0, own.visit.4, '') AS leads_to, -- where it led; empty where nowhere else
    if(own.last_visit > 0, fromUnixTimestamp64Milli(toInt64(own.last_visit), 'UTC'), NULL) AS last_visit, -- NULL where it was never fetched
    scores.authority AS authority, -- its own in the newest snapshot, 0 to 100; NULL where that has not the page, and without seeds
    indirect -- of the links, those that name another page, which leads to it
FROM
(
    SELECT
        page,
        sum(uses.links) AS links,
        uniqExact(cityHash64(source_domain)) AS referring_domains,
        sum(uses.followed) AS followed,
        sumIf(uses.links, uses.led = 1) AS indirect,
        max(uses.https) AS https
    FROM
    (
        SELECT
            source_domain,
            arrayJoin(if(end_page = '', [0], [0, 1])) AS led,
            if(led = 1, end_page, named.page) AS page,
            if(led = 1, end_https, named.https) AS https,
            links,
            followed
        FROM link_uses_of(domain = {domain:String}, under = {under:String}) AS named
    ) AS uses
    WHERE page != '' AND page LIKE {under:String}
    GROUP BY page
) AS linked
LEFT ANY JOIN
(
    SELECT
        concat(host, path) AS page,
        max(pages.last_visit) AS last_visit,
        max(pages.https) AS https,
        argMaxMerge(pages.visit) AS visit
    FROM pages
    WHERE domain = {domain:String} AND page LIKE {under:String}
    GROUP BY page
) AS own ON own.page = linked.page
LEFT ANY JOIN
(
    SELECT concat(host, path) AS page, authority
    FROM page_quality
    WHERE snapshot = (SELECT max(snapshot) FROM snapshots) AND domain = {domain:String} AND page LIKE {under:String}
) AS scores ON scores.page = linked.page
