-- As changes.sql, of a large domain (`large_targets`), of the hours from `first_hour` to `last_hour` (since 1970): by
-- what is kept of events it is known which domains something happened on then. Cost: the links of these, and how they
-- looked; its rows in `link_uses`, of which the column of hours is read.
WITH events AS
(
    SELECT
        *,
        -toFloat64(toUnixTimestamp64Milli(at)) AS place
    FROM changes_of(domain = {domain:String}, under = {under:String})
    WHERE source_domain IN
        (
            SELECT source_domain
            FROM link_uses -- rows that others took the place of name domains too many
            ARRAY JOIN event_hours AS hour
            WHERE target_domain = {domain:String} AND hour >= {first_hour:UInt32} AND hour <= {last_hour:UInt32}
        )
        AND toUnixTimestamp64Milli(at) >= {since:UInt64}
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
WHERE ({paged:UInt8} = 0 OR (place, source_domain, source_url, target_url, kind, change) > (-{after_at:Float64}, {after_source_domain:String}, {after_source_url:String}, {after_target_url:String}, {after_kind:String}, {after_change:String}))
ORDER BY place, source_domain, source_url, target_url, kind, change
LIMIT {limit:UInt64}