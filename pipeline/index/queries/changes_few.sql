-- As changes.sql, of a target with so few links that all of them are looked at sooner than is planned which.
-- Cost: that of the view changes_of.
SELECT
    at,
    change,
    reason,
    events.source_domain AS source_domain,
    source_url,
    anchor,
    target_url,
    rel,
    was,
    position,
    kind,
    authority,
    after
FROM changes_of(domain = {domain:String}, under = {under:String}) AS events
WHERE toUnixTimestamp64Milli(at) >= {since:UInt64}
    AND toUnixTimestamp64Milli(at) < {until:UInt64}
    AND ({only:String} = '' OR change = {only:String})
    AND ({least_authority:Float64} < 0 OR ifNull(authority, -1) >= {least_authority:Float64})
    AND ({paged:UInt8} = 0 OR (-toFloat64(toUnixTimestamp64Milli(at)), source_domain, source_url, target_url, kind, change) > (-{after_at:Float64}, {after_source_domain:String}, {after_source_url:String}, {after_target_url:String}, {after_kind:String}, {after_change:String}))
ORDER BY at DESC, source_domain, source_url, target_url, kind, change
LIMIT {limit:UInt64}
