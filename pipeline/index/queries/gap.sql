-- The domains that link to some of several others and not to a target, the strongest first. Cost: the rows of
-- those domains in `referrers`; where `under` is not '%' the links of the target's domain too.
SELECT
    source_domain,
    authority,
    sites,
    links_to,
    source_urls,
    target_urls,
    anchors,
    links,
    followed,
    lost
FROM gap_of(domain = {domain:String}, under = {under:String}, others = {others:Array(String)})
WHERE sites >= {at_least:UInt32}
    AND ({followed_only:UInt8} = 0 OR followed > 0)
    AND ifNull(toFloat64(authority), -1) >= {least_authority:Float64}
    AND ({paged:UInt8} = 0 OR (-ifNull(toFloat64(authority), -1), -toInt64(sites), source_domain) > (-{after_authority:Float64}, -{after_sites:Int64}, {after_source_domain:String}))
ORDER BY authority DESC NULLS LAST, sites DESC, source_domain
LIMIT {limit:UInt64}
