-- With which texts a target's live links point to which of its pages, by domain that links, and at which they
-- end: of a registered domain, where the host and path of what is linked, or of where that leads, match `under`
-- ('%' for all of it). Of a target with tens of thousands of links they are as they were rolled up last, and many
-- links may share a row; else each has its own.
-- Cost: of a large target the rows of that domain in `link_uses`; else its links, and those that lead there.
-- Version: 3
SELECT
    source_domain, -- registered domain that links
    anchor, -- anchor text, empty where there is none
    page, -- host, path and query of what is linked; empty where that is another domain's
    https, -- 1 where such a link ever pointed to https
    links, -- live links with that text to that page
    followed, -- of them followed
    end_page, -- host, path and query of the page where they end, if what is linked leads on to another; else empty
    end_https, -- 1 where that page is led to by https
    toUInt8(page = '' OR ({under:String} != '%' AND page NOT LIKE {under:String})) AS indirect -- 1 where what is linked is no page that was asked for, and leads to one
FROM link_uses FINAL
ARRAY JOIN
    anchors AS anchor,
    pages AS page,
    https AS https,
    links AS links,
    followed AS followed,
    ends AS end_page,
    ends_https AS end_https
WHERE target_domain = {domain:String} AND (SELECT count() FROM large_targets WHERE target_domain = {domain:String}) > 0
    AND ({under:String} = '%' OR (page != '' AND page LIKE {under:String}) OR (end_page != '' AND end_page LIKE {under:String}))
UNION ALL
SELECT
    source_domain,
    anchor,
    if(named_domain = {domain:String}, concat(named_host, named_path), '') AS page,
    if(named_domain = {domain:String}, target_https, 0) AS https,
    toUInt32(1) AS links,
    toUInt32(bitAnd(sighting, 7) = 0) AS followed,
    concat(ways.end_host, ways.end_path) AS end_page,
    ways.end_https AS end_https,
    toUInt8(page = '' OR page NOT LIKE {under:String}) AS indirect
FROM
(
    -- As in `all_link_states`, of links whose state is live: which were seen, and count, and since then neither
    -- are missing nor in doubt. Of all else that it tells nothing is asked, which would take twice as long.
    SELECT
        source_domain,
        named_domain,
        named_host,
        named_path,
        max(target_https) AS target_https,
        substring(max(look), 12) AS anchor,
        max(seen) AS sighting,
        greatest(max(confirmed), bitShiftLeft(toUInt128(bitShiftRight(sighting, 16)), 84)) AS epoch
    FROM
    (
        SELECT source_domain, source_host, source_path, target_domain AS named_domain, target_host AS named_host, target_path AS named_path, kind, seen, confirmed, doubt, lost, target_https, look
        FROM links
        WHERE target_domain = {domain:String} AND (SELECT count() FROM large_targets WHERE target_domain = {domain:String}) = 0
        UNION ALL
        SELECT source_domain, source_host, source_path, named_domain, named_host, named_path, kind, seen, confirmed, doubt, lost, target_https, look
        FROM indirect_links
        WHERE target_domain = {domain:String} AND (SELECT count() FROM large_targets WHERE target_domain = {domain:String}) = 0
    )
    GROUP BY source_domain, source_host, source_path, named_domain, named_host, named_path, kind
    HAVING sighting > 0 AND bitAnd(sighting, 136) = 0 AND toUInt128(bitShiftRight(max(lost), 128)) != epoch AND toUInt128(bitShiftRight(max(doubt), 128)) != epoch
) AS states
LEFT ANY JOIN
(
    SELECT domain, host, path, end_host, end_path, end_https
    FROM leads_in FINAL
    WHERE end_domain = {domain:String} AND active = 1 AND leads_on = '' AND notEmpty(via)
) AS ways ON ways.domain = states.named_domain AND ways.host = states.named_host AND ways.path = states.named_path
WHERE (page != '' AND page LIKE {under:String}) OR (end_page != '' AND end_page LIKE {under:String})
