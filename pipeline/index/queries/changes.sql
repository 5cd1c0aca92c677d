-- What came and went among the backlinks of a target in a span of time, the latest first; `only` names one
-- change, empty for all. First which domains it happened on is found, then their links alone are read whole.
-- Cost: the links of the domains whose links were first seen in that span, or lost; and how all looked.
WITH latest AS
(
    SELECT source_domain
    FROM
    (
        SELECT
            source_domain,
            arrayJoin([(first_seen, if(not_before > 0, 'appeared', 'discovered')), (if(state = 'lost', if(lost_by > 0, lost_by, last_seen), 0), 'lost')]) AS event,
            event.1 AS at,
            event.2 AS change
        FROM link_states
        WHERE {only:String} != 'changed'
            AND target_domain = {domain:String}
            AND concat(target_host, target_path) LIKE {under:String}
            AND source_domain IN
            (
                SELECT source_domain
                FROM links
                WHERE target_domain = {domain:String} AND first_seen >= {since:UInt64}
                UNION ALL
                SELECT source_domain
                FROM referrers
                WHERE target_domain = {domain:String} AND lost > 0
            )
        UNION ALL
        SELECT
            source_domain,
            (toUInt64(toUnixTimestamp64Milli(changed_by)), 'changed') AS event,
            event.1 AS at,
            event.2 AS change
        FROM link_changes(domain = {domain:String})
        WHERE {only:String} IN ('', 'changed') AND substring(target_url, position(target_url, '://') + 3) LIKE {under:String}
    )
    WHERE at > 0
        AND at >= {since:UInt64}
        AND at < {until:UInt64}
        AND ({only:String} = '' OR change = {only:String})
        AND ({least_authority:Float64} < 0 OR source_domain IN (SELECT source_domain FROM referrers FINAL WHERE target_domain = {domain:String} AND authority >= {least_authority:Float64}))
        AND ({paged:UInt8} = 0 OR (-toFloat64(at), source_domain) > (-{after_at:Float64}, {after_source_domain:String}))
    ORDER BY at DESC, source_domain
    LIMIT {limit:UInt64}
    UNION ALL
    -- Of the domain that the page before ended with there may be more.
    SELECT {after_source_domain:String} AS source_domain
)
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
WHERE events.source_domain IN (SELECT source_domain FROM latest)
    AND toUnixTimestamp64Milli(at) >= {since:UInt64}
    AND toUnixTimestamp64Milli(at) < {until:UInt64}
    AND ({only:String} = '' OR change = {only:String})
    AND ({least_authority:Float64} < 0 OR ifNull(authority, -1) >= {least_authority:Float64})
    AND ({paged:UInt8} = 0 OR (-toFloat64(toUnixTimestamp64Milli(at)), source_domain, source_url, target_url, kind, change) > (-{after_at:Float64}, {after_source_domain:String}, {after_source_url:String}, {after_target_url:String}, {after_kind:String}, {after_change:String}))
ORDER BY at DESC, source_domain, source_url, target_url, kind, change
LIMIT {limit:UInt64}
