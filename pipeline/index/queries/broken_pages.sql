-- The pages of a target that are gone and have live backlinks, those with the strongest first. Cost: the pages of
-- the target's domain, and the links to those that are broken.
SELECT
    target_url,
    status,
    outcome,
    visited,
    authority,
    referring_domains,
    links,
    followed,
    source_url,
    anchor
FROM broken_pages_of(domain = {domain:String}, under = {under:String})
WHERE ({followed_only:UInt8} = 0 OR followed > 0)
    AND ifNull(toFloat64(authority), -1) >= {least_authority:Float64}
    AND ({paged:UInt8} = 0 OR (-ifNull(toFloat64(authority), -1), -toInt64(referring_domains), target_url) > (-{after_authority:Float64}, -{after_referring_domains:Int64}, {after_target_url:String}))
ORDER BY authority DESC NULLS LAST, referring_domains DESC, target_url
LIMIT {limit:UInt64}
