-- The links that a snapshot stands on: first seen by then, and not lost by then. What only a list says has
-- no part in it, nor what is suppressed. Rel, place and anchor are those of the latest sighting. Cost: all
-- links once, in the order of their key, streamed.
WITH
    suppressed AS (SELECT name FROM controls FINAL WHERE verb = 'suppress' AND value > 0),
    (SELECT groupArray(name) FROM suppressed WHERE position(name, '/') > 0) AS prefixes
SELECT
    {snapshot:UInt64} AS snapshot,
    target_domain,
    source_domain,
    source_url,
    target_url,
    kind,
    if(state = 'lost', 'live', state) AS state,
    nofollow,
    ugc,
    sponsored,
    position,
    anchor,
    fromUnixTimestamp64Milli(toInt64(first_seen), 'UTC') AS first_seen,
    fromUnixTimestamp64Milli(toInt64(link_states.last_seen), 'UTC') AS last_seen
FROM link_states
WHERE link_states.first_seen <= {snapshot:UInt64}
    AND (state != 'lost' OR lost_by > {snapshot:UInt64})
    AND source != 'list'
    AND source_domain NOT IN (SELECT name FROM suppressed)
    AND source_host NOT IN (SELECT name FROM suppressed)
    AND if(position(source_host, ':') = 0, source_host, replaceRegexpOne(source_host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
    AND NOT arrayExists(p -> startsWith(concat(source_host, source_path), p) OR startsWith(concat(if(position(source_host, ':') = 0, source_host, replaceRegexpOne(source_host, ':[0-9]+$', '')), source_path), p), prefixes)
    AND target_domain NOT IN (SELECT name FROM suppressed)
    AND target_host NOT IN (SELECT name FROM suppressed)
    AND if(position(target_host, ':') = 0, target_host, replaceRegexpOne(target_host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
    AND NOT arrayExists(p -> startsWith(concat(target_host, target_path), p) OR startsWith(concat(if(position(target_host, ':') = 0, target_host, replaceRegexpOne(target_host, ':[0-9]+$', '')), target_path), p), prefixes)
SETTINGS optimize_aggregation_in_order = 1
