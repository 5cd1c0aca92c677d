-- The anchor texts of a target's live links, those that most domains use first.
-- Cost: that of the view anchors_of.
SELECT
    anchor,
    form,
    links,
    referring_domains,
    followed,
    share,
    indirect
FROM anchors_of(domain = {domain:String}, under = {under:String})
WHERE {paged:UInt8} = 0 OR (-toInt64(referring_domains), -toInt64(links), anchor) > (-toInt64({after_referring_domains:UInt64}), -toInt64({after_links:UInt64}), {after_anchor:String})
ORDER BY referring_domains DESC, links DESC, anchor
LIMIT {limit:UInt64}
