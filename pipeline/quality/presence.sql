-- How many hosts of each domain are known, and since when: as pages that were visited, and at either
-- end of links, by what was seen up to the snapshot. Reads pages and links once. What only
-- a list says has no part in it, nor what is suppressed, though it were not erased yet.
WITH
    suppressed AS (SELECT name FROM controls FINAL WHERE verb = 'suppress' AND value > 0),
    (SELECT groupArray(name) FROM suppressed WHERE position(name, '/') > 0) AS prefixes
SELECT
    domain,
    toUInt32(uniqExact(host)) AS hosts,
    min(since) AS first_seen
FROM
(
    SELECT domain, host, min(first_visit) AS since
    FROM pages
    WHERE first_visit <= {snapshot:UInt64}
        AND domain NOT IN (SELECT name FROM suppressed)
        AND host NOT IN (SELECT name FROM suppressed)
        AND if(position(host, ':') = 0, host, replaceRegexpOne(host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
        AND NOT arrayExists(p -> startsWith(concat(host, path), p) OR startsWith(concat(if(position(host, ':') = 0, host, replaceRegexpOne(host, ':[0-9]+$', '')), path), p), prefixes)
    GROUP BY domain, host
    UNION ALL
    SELECT ends.1 AS domain, ends.2 AS host, min(first_seen) AS since
    FROM link_states
    ARRAY JOIN [(source_domain, source_host, source_path), (target_domain, target_host, target_path)] AS ends
    WHERE first_seen <= {snapshot:UInt64} AND source != 'list'
        AND source_domain NOT IN (SELECT name FROM suppressed)
        AND source_host NOT IN (SELECT name FROM suppressed)
        AND if(position(source_host, ':') = 0, source_host, replaceRegexpOne(source_host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
        AND NOT arrayExists(p -> startsWith(concat(source_host, source_path), p) OR startsWith(concat(if(position(source_host, ':') = 0, source_host, replaceRegexpOne(source_host, ':[0-9]+$', '')), source_path), p), prefixes)
        AND target_domain NOT IN (SELECT name FROM suppressed)
        AND target_host NOT IN (SELECT name FROM suppressed)
        AND if(position(target_host, ':') = 0, target_host, replaceRegexpOne(target_host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
        AND NOT arrayExists(p -> startsWith(concat(target_host, target_path), p) OR startsWith(concat(if(position(target_host, ':') = 0, target_host, replaceRegexpOne(target_host, ':[0-9]+$', '')), target_path), p), prefixes)
    GROUP BY domain, host
)
GROUP BY domain
