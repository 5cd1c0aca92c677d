-- What linking pages say and what the pages say that they link to: of links to the domains after `after` up to
-- `until`, of each pair of domains at most `pairs` pairs of pages that were read whole, chosen by their hash. Links
-- as edges.sql has them, followed or not; a link to a page that redirects to another domain is one to the page where
-- it ends. Terms in order, as slots; `hashed` is of the host.
-- Cost: those links three times, the pages of those domains by name, and the terms of the pages that are chosen.
WITH
    suppressed AS (SELECT name FROM controls FINAL WHERE verb = 'suppress' AND value > 0),
    (SELECT groupArray(name) FROM suppressed WHERE position(name, '/') > 0) AS prefixes,
    ways AS
    (
        SELECT domain, host, path, end_domain, end_host, end_path
        FROM leads FINAL
        WHERE active = 1 AND leads_on = '' AND hint = 0 AND end_domain != domain
            AND end_domain NOT IN (SELECT name FROM suppressed)
            AND end_host NOT IN (SELECT name FROM suppressed)
            AND if(position(end_host, ':') = 0, end_host, replaceRegexpOne(end_host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
            AND NOT arrayExists(p -> startsWith(concat(end_host, end_path), p) OR startsWith(concat(if(position(end_host, ':') = 0, end_host, replaceRegexpOne(end_host, ':[0-9]+$', '')), end_path), p), prefixes)
    ),
    chosen AS
    (
        SELECT
            ends.1 AS target_domain,
            source_domain,
            source_host,
            source_path,
            ends.2 AS target_host,
            ends.3 AS target_path,
            cityHash64(source_host, source_path, target_host, target_path) AS place
        FROM
        (
            SELECT *, (target_domain, target_host, target_path) AS ends
            FROM link_states
            WHERE target_domain > {after:String} AND ({until:String} = '' OR target_domain <= {until:String})
                AND NOT (target_domain IN (SELECT domain FROM ways) AND (target_domain, target_host, target_path) IN (SELECT domain, host, path FROM ways))
            UNION ALL
            SELECT links.*, (ways.end_domain, ways.end_host, ways.end_path) AS ends
            FROM (SELECT * FROM link_states WHERE target_domain IN (SELECT domain FROM ways WHERE end_domain > {after:String} AND ({until:String} = '' OR end_domain <= {until:String}))) AS links
            INNER JOIN
            (
                SELECT *
                FROM ways
                WHERE end_domain > {after:String} AND ({until:String} = '' OR end_domain <= {until:String})
            ) AS ways ON ways.domain = links.target_domain AND ways.host = links.target_host AND ways.path = links.target_path
            WHERE links.source_domain != ways.end_domain
        ) AS credited
        WHERE first_seen <= {snapshot:UInt64} AND (state != 'lost' OR lost_by > {snapshot:UInt64}) AND source != 'list' AND kind IN ('a', 'area', 'img-link', 'redirect')
            AND source_domain NOT IN (SELECT name FROM suppressed)
            AND source_host NOT IN (SELECT name FROM suppressed)
            AND if(position(source_host, ':') = 0, source_host, replaceRegexpOne(source_host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
            AND NOT arrayExists(p -> startsWith(concat(source_host, source_path), p) OR startsWith(concat(if(position(source_host, ':') = 0, source_host, replaceRegexpOne(source_host, ':[0-9]+$', '')), source_path), p), prefixes)
            AND target_domain NOT IN (SELECT name FROM suppressed)
            AND target_host NOT IN (SELECT name FROM suppressed)
            AND if(position(target_host, ':') = 0, target_host, replaceRegexpOne(target_host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
            AND NOT arrayExists(p -> startsWith(concat(target_host, target_path), p) OR startsWith(concat(if(position(target_host, ':') = 0, target_host, replaceRegexpOne(target_host, ':[0-9]+$', '')), target_path), p), prefixes)
            AND ends IN
            (
                SELECT domain, host, path
                FROM pages
                WHERE domain > {after:String} AND ({until:String} = '' OR domain <= {until:String}) AND last_complete > 0
                    AND first_visit <= {snapshot:UInt64}
            )
        GROUP BY ends, source_domain, source_host, source_path
        ORDER BY target_domain, source_domain, place
        LIMIT {pairs:UInt8} BY target_domain, source_domain
    )
SELECT
    chosen.target_domain AS target_domain,
    chosen.source_domain AS source_domain,
    one.hashed AS source_hashed,
    one.terms AS source_terms,
    other.hashed AS target_hashed,
    other.terms AS target_terms
FROM chosen
INNER JOIN
(
    SELECT domain, host, path, cityHash64(host) AS hashed, arrayMap(t -> toUInt32(cityHash64(t) % {slots:UInt32}), arrayDistinct(arrayFilter(t -> t != '' AND length(t) <= 100, arraySlice(argMaxIfMerge(content).3, 1, 100)))) AS terms
    FROM pages
    WHERE (domain, host, path) IN (SELECT source_domain, source_host, source_path FROM chosen)
    GROUP BY domain, host, path
    HAVING max(last_complete) > 0 AND min(first_visit) <= {snapshot:UInt64}
) AS one ON one.domain = chosen.source_domain AND one.host = chosen.source_host AND one.path = chosen.source_path
INNER JOIN
(
    SELECT domain, host, path, cityHash64(host) AS hashed, arrayMap(t -> toUInt32(cityHash64(t) % {slots:UInt32}), arrayDistinct(arrayFilter(t -> t != '' AND length(t) <= 100, arraySlice(argMaxIfMerge(content).3, 1, 100)))) AS terms
    FROM pages
    WHERE (domain, host, path) IN (SELECT target_domain, target_host, target_path FROM chosen)
    GROUP BY domain, host, path
    HAVING max(last_complete) > 0 AND min(first_visit) <= {snapshot:UInt64}
) AS other ON other.domain = chosen.target_domain AND other.host = chosen.target_host AND other.path = chosen.target_path
ORDER BY target_domain, source_domain, chosen.place
