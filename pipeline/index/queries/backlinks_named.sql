-- As the view backlinks, of a target to whose pages no other page ever led, less what became of its pages.
-- Cost: the links of that domain.
SELECT
    source_domain,
    source_url,
    target_url,
    kind,
    state,
    if(state = 'lost' AND reason IN ('removed', 'gone', 'redirected') AND maxIf(first_seen, state = 'live') OVER (PARTITION BY source_domain, target_host, target_path) >= last_seen, 'moved', reason) AS reason,
    anchor,
    position,
    nofollow,
    ugc,
    sponsored,
    fromUnixTimestamp64Milli(toInt64(first_seen), 'UTC') AS first_seen,
    if(not_before > 0, fromUnixTimestamp64Milli(toInt64(not_before), 'UTC'), NULL) AS not_before,
    fromUnixTimestamp64Milli(toInt64(last_seen), 'UTC') AS last_seen,
    if(lost_by > 0, fromUnixTimestamp64Milli(toInt64(lost_by), 'UTC'), NULL) AS lost_by,
    source,
    if(counted_until > 0, fromUnixTimestamp64Milli(toInt64(counted_until), 'UTC'), NULL) AS counted_until,
    toUInt8(0) AS indirect,
    target_url AS end_url,
    []::Array(String) AS via
FROM link_states
WHERE target_domain = {domain:String}
