-- The pages of a target that are gone and have live backlinks, those with the strongest first. Cost: the pages of
-- the target's domain, and the links to those that are broken.
SELECT
    url,
    status,
    outcome,
    broken_since,
    authority,
    referring_domains,
    links,
    followed,
    source_url,
    anchor
FROM broken_pages_of(domain = {domain:String}, under = {under:String})
WHERE ({followed_only:UInt8} = 0 OR followed > 0)
    AND ifNull(toFloat64(authority), -1) >= {least_authority:Float64}
    AND ({paged:UInt8} = 0 OR (-ifNull(toFloat64(authority), -1), -toInt64(referring_domains), url) > (-{after_authority:Float64}, -{after_referring_domains:Int64}, {after_url:String}))
ORDER BY authority DESC NULLS LAST, referring_domains DESC, url
LIMIT {limit:UInt64}
