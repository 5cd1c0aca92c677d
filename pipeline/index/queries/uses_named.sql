-- As the view link_uses_of, of a target that is not large, to which no other domain's pages lead, and few of its
-- own (`led`) to others of them (`ends`).
-- Cost: its links.
SELECT
    source_domain,
    anchor,
    page,
    https,
    toUInt32(1) AS links,
    toUInt32(bitAnd(sighting, 7) = 0) AS followed,
    transform(page, {led:Array(String)}, {ends:Array(String)}, '') AS end_page,
    transform(page, {led:Array(String)}, {ends_https:Array(UInt8)}, toUInt8(0)) AS end_https,
    toUInt8(page NOT LIKE {under:String}) AS indirect
FROM
(
    SELECT
        source_domain,
        concat(target_host, target_path) AS page,
        max(target_https) AS https,
        substring(max(look), 12) AS anchor,
        max(seen) AS sighting,
        greatest(max(confirmed), bitShiftLeft(toUInt128(bitShiftRight(sighting, 16)), 84)) AS epoch
    FROM links
    WHERE target_domain = {domain:String}
    GROUP BY source_domain, source_host, source_path, target_host, target_path, kind
    HAVING sighting > 0 AND bitAnd(sighting, 136) = 0 AND toUInt128(bitShiftRight(max(lost), 128)) != epoch AND toUInt128(bitShiftRight(max(doubt), 128)) != epoch
) AS states
WHERE {under:String} = '%' OR page LIKE {under:String} OR (end_page != '' AND end_page LIKE {under:String})
