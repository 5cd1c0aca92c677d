-- The best live backlink of each referring domain of a whole domain, in order: by authority, then by name.
-- `similar` counts its other live links. Cost: the rows of the target's domain in `referrers`, of which only
-- those that are told are read whole.
SELECT
    source_domain,
    concat(if(source_https = 1, 'https://', 'http://'), source_host, source_path) AS source_url,
    concat(if(target_https = 1, 'https://', 'http://'), target_host, target_path) AS target_url,
    anchor,
    toString(state) AS state,
    toString(reason) AS reason,
    arrayStringConcat(arrayFilter(r -> r != '', [if(bitAnd(best.rel, 1) > 0, 'nofollow', ''), if(bitAnd(best.rel, 2) > 0, 'ugc', ''), if(bitAnd(best.rel, 4) > 0, 'sponsored', '')]), ' ') AS rel,
    toString(position) AS position,
    toString(kind) AS kind,
    authority,
    spam_risk,
    toUInt64(live + best.indirect - 1) AS similar,
    fromUnixTimestamp64Milli(toInt64(best_first_seen), 'UTC') AS first_seen,
    if(best_not_before > 0, fromUnixTimestamp64Milli(toInt64(best_not_before), 'UTC'), NULL) AS not_before,
    fromUnixTimestamp64Milli(toInt64(best_last_seen), 'UTC') AS last_seen,
    if(best_lost_by > 0, fromUnixTimestamp64Milli(toInt64(best_lost_by), 'UTC'), NULL) AS lost_by,
    CAST(NULL AS Nullable(String)) AS language,
    CAST(NULL AS Nullable(String)) AS text_before,
    CAST(NULL AS Nullable(String)) AS text_after,
    notEmpty(via) AS indirect,
    if(end_url = '', target_url, end_url) AS end_url,
    via
FROM referrers AS best FINAL
WHERE target_domain = {domain:String} AND source_domain IN
(
    SELECT source_domain
    FROM referrers FINAL
    WHERE target_domain = {domain:String}
        AND live + indirect > 0
        AND ifNull(toFloat64(authority), -1) >= {authority:Float64}
        AND ifNull(spam_risk BETWEEN {least_risk:Float64} AND {most_risk:Float64}, {unknown_risk:UInt8})
        AND ({country:String} = '' OR country = {country:String})
        AND ({paged:UInt8} = 0 OR (-ifNull(toFloat64(authority), -1), source_domain) > (-{after_authority:Float64}, {after_source_domain:String}))
    ORDER BY ifNull(toFloat64(authority), -1) DESC, source_domain
    LIMIT {limit:UInt64}
)
ORDER BY ifNull(toFloat64(authority), -1) DESC, source_domain
LIMIT {limit:UInt64}
