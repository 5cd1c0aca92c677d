-- The referring domains of a target, by authority and then by name.
-- Cost: that of the view referring_domains_of.
SELECT
    source_domain,
    authority,
    spam_risk,
    live,
    lost,
    unverified,
    followed,
    pages,
    target_pages,
    anchor,
    first_seen,
    last_seen,
    lost_by,
    graph,
    graph_rank,
    indirect
FROM referring_domains_of(domain = {domain:String}, under = {under:String})
WHERE multiIf({state:String} = 'live', live + indirect > 0, {state:String} = 'lost', live + indirect + unverified + indirect_unverified = 0 AND graph = '', {state:String} = 'unverified', live + indirect = 0 AND (unverified + indirect_unverified > 0 OR graph != ''), 1)
    AND multiIf({rel:String} = 'followed', followed + indirect_followed > 0, {rel:String} = 'nofollow', live + indirect > 0 AND followed + indirect_followed = 0, 1)
    AND ifNull(toFloat64(authority), -1) >= {authority:Float64}
    AND ifNull(spam_risk BETWEEN {least_risk:Float64} AND {most_risk:Float64}, {unknown_risk:UInt8})
    AND ({country:String} = '' OR country = {country:String})
    AND ifNull(toUnixTimestamp64Milli(first_seen), 0) >= {since:Int64}
    AND ifNull(toUnixTimestamp64Milli(first_seen), 0) < {until:Int64}
    AND ({paged:UInt8} = 0 OR (-ifNull(toFloat64(authority), -1), source_domain) > (-{after_authority:Float64}, {after_source_domain:String}))
ORDER BY ifNull(toFloat64(authority), -1) DESC, source_domain
LIMIT {limit:UInt64}
