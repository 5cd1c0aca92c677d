-- With which texts a target's live links point to which of its pages, by domain that links: of a registered
-- domain, where the host and path of what is linked match `under` ('%' for all of it). Of a target with tens of
-- thousands of links they are as they were rolled up last, and many links may share a row; else each has its own.
-- Cost: of a large target the rows of that domain in `link_uses`; else its links.
-- Version: 1
SELECT
    source_domain, -- registered domain that links
    anchor, -- anchor text, empty where there is none
    page, -- host, path and query of what is linked
    https, -- 1 where such a link ever pointed to https
    links, -- live links with that text to that page
    followed -- of them followed
FROM link_uses FINAL
ARRAY JOIN
    anchors AS anchor,
    pages AS page,
    https AS https,
    links AS links,
    followed AS followed
WHERE target_domain = {domain:String} AND (SELECT count() FROM large_targets WHERE target_domain = {domain:String}) > 0 AND ({under:String} = '%' OR page LIKE {under:String})
UNION ALL
SELECT
    source_domain,
    anchor,
    concat(target_host, target_path) AS page,
    toUInt8(startsWith(target_url, 'https:')) AS https,
    toUInt32(1) AS links,
    toUInt32(nofollow + ugc + sponsored = 0) AS followed
FROM link_states
WHERE target_domain = {domain:String} AND state = 'live' AND (SELECT count() FROM large_targets WHERE target_domain = {domain:String}) = 0 AND page LIKE {under:String}
