-- As refs.sql, of a whole domain and of those alone of which links were seen: `state` is live or lost.
-- Cost: the rows of the target's domain in `referrers`, of which only those that are told are read whole.
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
    anchors[1].1 AS anchor,
    if(kept.first_seen > 0, fromUnixTimestamp64Milli(toInt64(kept.first_seen), 'UTC'), NULL) AS first_seen,
    if(kept.last_seen > 0, fromUnixTimestamp64Milli(toInt64(kept.last_seen), 'UTC'), NULL) AS last_seen,
    if(kept.lost_by > 0, fromUnixTimestamp64Milli(toInt64(kept.lost_by), 'UTC'), NULL) AS lost_by,
    '' AS graph,
    CAST(NULL, 'Nullable(UInt64)') AS graph_rank,
    indirect
FROM referrers AS kept FINAL
WHERE target_domain = {domain:String} AND source_domain IN
(
    SELECT source_domain
    FROM referrers FINAL
    WHERE target_domain = {domain:String}
        AND live + lost + unverified + indirect + indirect_lost + indirect_unverified > 0
        AND multiIf({state:String} = 'live', live + indirect > 0, {state:String} = 'lost', live + indirect + unverified + indirect_unverified = 0, 0)
        AND multiIf({rel:String} = 'followed', followed + indirect_followed > 0, {rel:String} = 'nofollow', live + indirect > 0 AND followed + indirect_followed = 0, 1)
        AND ifNull(toFloat64(authority), -1) >= {authority:Float64}
        AND ifNull(spam_risk BETWEEN {least_risk:Float64} AND {most_risk:Float64}, {unknown_risk:UInt8})
        AND ({country:String} = '' OR country = {country:String})
        AND toInt64(first_seen) >= {since:Int64}
        AND toInt64(first_seen) < {until:Int64}
        AND ({paged:UInt8} = 0 OR (-ifNull(toFloat64(authority), -1), source_domain) > (-{after_authority:Float64}, {after_source_domain:String}))
    ORDER BY ifNull(toFloat64(authority), -1) DESC, source_domain
    LIMIT {limit:UInt64}
)
ORDER BY ifNull(toFloat64(authority), -1) DESC, source_domain
LIMIT {limit:UInt64}
