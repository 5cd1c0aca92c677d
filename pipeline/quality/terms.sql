-- What the pages of some domains say: the terms of each, the most heard first. A page's first term counts
-- 100, those after it less; what stands on most pages of a host is its template and no topic. Of a domain
-- with very many pages so many are looked at as `every` tells: one in `every`, by their hash. What is
-- suppressed has no part, though it were not erased yet.
-- Cost: those domains' rows of `pages`, once; memory by the terms of the pages that are looked at.
WITH
    suppressed AS (SELECT name FROM controls FINAL WHERE verb = 'suppress' AND value > 0),
    (SELECT groupArray(name) FROM suppressed WHERE position(name, '/') > 0) AS prefixes
SELECT
    domain,
    term,
    toUInt32(cityHash64(term) % {slots:UInt32}) AS slot,
    toUInt32(least(sum(loud), 4000000000)) AS heard
FROM
(
    SELECT
        domain,
        host,
        any(of_host) AS pages,
        term,
        count() AS said,
        sum(toUInt64(round(100 / sqrt(1 + (place - 1) / 5)))) AS loud
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
    ARRAY JOIN
        terms AS term,
        arrayEnumerate(terms) AS place
    GROUP BY domain, host, term
)
WHERE pages < {few:UInt32} OR said <= {share:Float64} * pages
GROUP BY domain, term
ORDER BY domain, heard DESC, term
LIMIT {terms:UInt32} BY domain
