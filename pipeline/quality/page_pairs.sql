-- What linking pages say and what the pages say that they link to: of links to the domains after `after` up to
-- `until`, of each pair of domains at most `pairs` pairs of pages that were read whole, chosen by their hash. Links
-- as edges.sql has them, followed or not. Terms in order, as slots; `hashed` is of the host.
-- Cost: those links, the pages of those domains by name, and the terms of the pages that are chosen.
WITH
    (
        SELECT groupArray((target_domain, source_domain, source_host, source_path, target_host, target_path, place))
        FROM
        (
            SELECT
                end_domain AS target_domain,
                source_domain,
                source_host,
                source_path,
                end_host AS target_host,
                end_path AS target_path,
                cityHash64(source_host, source_path, end_host, end_path) AS place
            FROM credited_links(after = {after:String}, until = {until:String}, as_of = {snapshot:UInt64})
            WHERE (end_domain, end_host, end_path) IN
            (
                SELECT domain, host, path
                FROM pages
                WHERE domain > {after:String} AND ({until:String} = '' OR domain <= {until:String}) AND last_complete > 0
                    AND first_visit <= {snapshot:UInt64}
            )
            GROUP BY end_domain, end_host, end_path, source_domain, source_host, source_path
            ORDER BY target_domain, source_domain, place
            LIMIT {pairs:UInt8} BY target_domain, source_domain
        )
    ) AS listed, -- a value, worked out once, where a table of this name would be thrice
    chosen AS
    (
        SELECT
            pair.1 AS target_domain,
            pair.2 AS source_domain,
            pair.3 AS source_host,
            pair.4 AS source_path,
            pair.5 AS target_host,
            pair.6 AS target_path,
            pair.7 AS place
        FROM (SELECT arrayJoin(listed) AS pair)
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
