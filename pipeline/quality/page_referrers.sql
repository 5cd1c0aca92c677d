-- Which domains link to each page: of pages of the domains after `after` up to `until`, in the order of their
-- names; the links that count as edges.sql has it, so that each pair is an edge that weighs something. A page with
-- links that don't count has none. Reads the links to those domains, and to what redirects there.
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
    )
SELECT
    ends.1 AS target_domain,
    ends.2 AS host,
    ends.3 AS path,
    arraySort(groupUniqArrayIf(source_domain, ({nofollow:UInt8} = 1 OR (nofollow = 0 AND ugc = 0 AND sponsored = 0)) AND transform(position, {positions:Array(String)}, {weights:Array(UInt32)}, {other:UInt32}) > 0)) AS sources
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
GROUP BY ends
ORDER BY target_domain, host, path
