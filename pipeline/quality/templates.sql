-- What stands on most pages of a host, of hosts with enough of them: its template, of the same domains and pages as
-- terms.sql looks at. Hosts by their hash, terms by their slot.
-- Cost: those domains' rows of `pages`, once; memory by the terms of the pages that are looked at.
WITH
    suppressed AS (SELECT name FROM controls FINAL WHERE verb = 'suppress' AND value > 0),
    (SELECT groupArray(name) FROM suppressed WHERE position(name, '/') > 0) AS prefixes
SELECT
    cityHash64(host) AS hashed,
    toUInt32(cityHash64(term) % {slots:UInt32}) AS slot
FROM
(
    SELECT
        domain,
        host,
        terms,
        count() OVER (PARTITION BY domain, host) AS of_host
    FROM
    (
        SELECT
            domain,
            host,
            path,
            argMaxIfMerge(content) AS whole,
            arrayDistinct(arrayFilter(t -> t != '' AND length(t) <= 100, arraySlice(whole.3, 1, 100))) AS terms
        FROM pages
        WHERE domain >= {first:String} AND domain <= {last:String}
            AND cityHash64(host, path) % transform(domain, {large:Array(String)}, {every:Array(UInt64)}, toUInt64(1)) = 0
            AND domain NOT IN (SELECT name FROM suppressed)
            AND host NOT IN (SELECT name FROM suppressed)
            AND if(position(host, ':') = 0, host, replaceRegexpOne(host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
            AND NOT arrayExists(p -> startsWith(concat(host, path), p) OR startsWith(concat(if(position(host, ':') = 0, host, replaceRegexpOne(host, ':[0-9]+$', '')), path), p), prefixes)
        GROUP BY domain, host, path
        HAVING max(last_complete) > 0 AND min(first_visit) <= {snapshot:UInt64}
    )
)
ARRAY JOIN terms AS term
GROUP BY domain, host, term
HAVING any(of_host) >= {few:UInt32} AND count() > {share:Float64} * any(of_host)
