-- How many URLs of each domain were known by a snapshot and never fetched. Reads the frontier once, in its
-- order. What is suppressed has no part, though it were not erased yet.
WITH
    suppressed AS (SELECT name FROM controls FINAL WHERE verb = 'suppress' AND value > 0),
    (SELECT groupArray(name) FROM suppressed WHERE position(name, '/') > 0) AS prefixes
SELECT domain, count() AS urls
FROM
(
    SELECT domain, host, path
    FROM frontier
    WHERE domain NOT IN (SELECT name FROM suppressed)
        AND host NOT IN (SELECT name FROM suppressed)
        AND if(position(host, ':') = 0, host, replaceRegexpOne(host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
        AND NOT arrayExists(p -> startsWith(concat(host, path), p) OR startsWith(concat(if(position(host, ':') = 0, host, replaceRegexpOne(host, ':[0-9]+$', '')), path), p), prefixes)
    GROUP BY bucket, domain, host, path
    HAVING max(fetched) = 0 AND min(discovered) <= intDiv({snapshot:UInt64}, 1000)
)
GROUP BY domain
SETTINGS optimize_aggregation_in_order = 1
