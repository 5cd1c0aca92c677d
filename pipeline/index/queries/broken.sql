-- The live backlinks whose target is gone, the strongest first. Cost: the pages of the target's domain, and the
-- links to those that are broken.
SELECT
    authority,
    source_domain,
    source_url,
    target_url,
    end_url,
    status,
    outcome,
    broken_since,
    anchor,
    arrayStringConcat(arrayFilter(r -> r != '', [if(nofollow = 1, 'nofollow', ''), if(ugc = 1, 'ugc', ''), if(sponsored = 1, 'sponsored', '')]), ' ') AS rel,
    position,
    kind,
    first_seen,
    last_seen
FROM broken_links_of(domain = {domain:String}, under = {under:String})
WHERE ({followed_only:UInt8} = 0 OR nofollow + ugc + sponsored = 0)
    AND ifNull(toFloat64(authority), -1) >= {least_authority:Float64}
    AND ({paged:UInt8} = 0 OR (-ifNull(toFloat64(authority), -1), source_domain, source_url, target_url, kind) > (-{after_authority:Float64}, {after_source_domain:String}, {after_source_url:String}, {after_target_url:String}, {after_kind:String}))
ORDER BY authority DESC NULLS LAST, source_domain, source_url, target_url, kind
LIMIT {limit:UInt64}
