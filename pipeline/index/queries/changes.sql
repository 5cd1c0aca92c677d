-- What came and went among the backlinks of a target in a span of time, the latest first; `only` names one
-- change, empty for all. Where there are not `few` links, first which domains it happened on is found, then their
-- links alone are read whole. Cost: the links of that domain; what is read of them whole, and how all looked.
WITH events AS
(
    SELECT
        *,
        -toFloat64(toUnixTimestamp64Milli(at)) AS place
    FROM changes_of(domain = {domain:String}, under = {under:String})
    WHERE toUnixTimestamp64Milli(at) >= {since:UInt64}
        AND toUnixTimestamp64Milli(at) < {until:UInt64}
        AND ({only:String} = '' OR change = {only:String})
        AND ({least_authority:Float64} < 0 OR ifNull(authority, -1) >= {least_authority:Float64})
)
SELECT
    at,
    change,
    reason,
    source_domain,
    source_url,
    anchor,
    target_url,
    rel,
    was,
    position,
    kind,
    authority,
    after,
    indirect,
    end_url
FROM events
WHERE ({few:UInt8} = 1 OR source_domain IN
    (
        SELECT source_domain
        FROM
        (
            SELECT place, source_domain
            FROM events
            WHERE {paged:UInt8} = 0 OR (place, source_domain) > (-{after_at:Float64}, {after_source_domain:String})
            ORDER BY place, source_domain
            LIMIT {limit:UInt64}
        )
        UNION ALL
        -- Of the domain that the page before ended with there may be more.
        SELECT {after_source_domain:String}
    ))
    AND ({paged:UInt8} = 0 OR (place, source_domain, source_url, target_url, kind, change) > (-{after_at:Float64}, {after_source_domain:String}, {after_source_url:String}, {after_target_url:String}, {after_kind:String}, {after_change:String}))
ORDER BY place, source_domain, source_url, target_url, kind, change
LIMIT {limit:UInt64}
