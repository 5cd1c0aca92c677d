-- How many pages of each domain were fetched whole, of what was visited up to the snapshot and is not
-- suppressed. Reads the keys of pages and when they were visited.
WITH
    suppressed AS (SELECT name FROM controls FINAL WHERE verb = 'suppress' AND value > 0),
    (SELECT groupArray(name) FROM suppressed WHERE position(name, '/') > 0) AS prefixes
SELECT domain, toUInt32(countIf(complete > 0)) AS pages
FROM
(
    SELECT domain, host, path, max(last_complete) AS complete, min(first_visit) AS since
    FROM pages
    WHERE domain NOT IN (SELECT name FROM suppressed)
        AND host NOT IN (SELECT name FROM suppressed)
        AND if(position(host, ':') = 0, host, replaceRegexpOne(host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
        AND NOT arrayExists(p -> startsWith(concat(host, path), p) OR startsWith(concat(if(position(host, ':') = 0, host, replaceRegexpOne(host, ':[0-9]+$', '')), path), p), prefixes)
    GROUP BY domain, host, path
    HAVING since <= {snapshot:UInt64}
)
GROUP BY domain
