-- The words in the anchor texts of a target's live links, those that most domains use first.
-- Cost: that of the view terms_of.
SELECT
    term,
    links,
    referring_domains,
    followed,
    share,
    indirect
FROM terms_of(domain = {domain:String}, under = {under:String})
WHERE {paged:UInt8} = 0 OR (-toInt64(referring_domains), -toInt64(links), term) > (-toInt64({after_referring_domains:UInt64}), -toInt64({after_links:UInt64}), {after_term:String})
ORDER BY referring_domains DESC, links DESC, term
LIMIT {limit:UInt64}
