-- The referring domains that may have such links, in the order in which their links are told: by authority,
-- then by name. Cost: the rows of the target's domain in `referrers`; where `under` is not '%' the hosts
-- and paths that its links point to.
SELECT
    source_domain,
    ifNull(toFloat64(authority), -1) AS known
FROM referrers FINAL
WHERE target_domain = {domain:String}
    AND multiIf({state:String} = 'live', live, {state:String} = 'lost', lost, {state:String} = 'unverified', unverified, 1) > 0
    AND ({state:String} != 'live' OR multiIf({rel:String} = 'followed', followed, {rel:String} = 'nofollow', nofollow, {rel:String} = 'ugc', ugc, {rel:String} = 'sponsored', sponsored, 1) > 0)
    AND known >= {authority:Float64}
    AND ({country:String} = '' OR country = {country:String})
    AND ({under:String} = '%' OR source_domain IN
    (
        SELECT source_domain
        FROM links
        WHERE {under:String} != '%' AND target_domain = {domain:String} AND concat(target_host, target_path) LIKE {under:String}
    ))
    AND ({paged:UInt8} = 0 OR (-known, source_domain) > (-{after_authority:Float64}, {after_source_domain:String})
        OR ({per:String} != 'domain' AND source_domain = {after_source_domain:String}))
ORDER BY known DESC, source_domain
LIMIT {count:UInt64}
