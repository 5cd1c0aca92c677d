-- What each linked page's backlinks are worth together: each pair's share of a portfolio goes to its links by
-- place and rel, in millionths, whose sum is the same in any order. Not yet ranked, under snapshot 0. Reads
-- links as edges.sql does, whose pairs these are: a link to a page that redirects to another domain is one to
-- the page where it ends. And it reads the snapshot's edges; a page's shares are held to be added up in their
-- order. What is suppressed has no part, though it were not erased yet.
INSERT INTO page_quality_next (snapshot, domain, host, path, worth, referring_domains)
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
    0,
    target_domain,
    page.1 AS host,
    page.2 AS path,
    arraySum(arraySort(groupArray(share * page.3 / whole))) AS worth,
    toUInt32(count())
FROM
(
    SELECT
        target_domain,
        source_domain,
        -- A pair has one edge at most, and none where its links came after the snapshot.
        max(edge_share) AS share,
        sum(own) AS whole,
        arrayJoin(groupArrayIf((host, path, own), own > 0)) AS page
    FROM
    (
        SELECT
            ends.1 AS target_domain,
            source_domain,
            ends.2 AS host,
            ends.3 AS path,
            sum(toUInt64(round(1000000 * transform(position, {places:Array(String)}, {place_values:Array(Float64)}, {place_unknown:Float64}) * if(nofollow = 0 AND ugc = 0 AND sponsored = 0, {followed:Float64}, {other:Float64})))) AS own,
            CAST(NULL, 'Nullable(Float64)') AS edge_share
        FROM
        (
            SELECT *, (target_domain, target_host, target_path) AS ends
            FROM link_states
            WHERE NOT (target_domain IN (SELECT domain FROM ways) AND (target_domain, target_host, target_path) IN (SELECT domain, host, path FROM ways))
            UNION ALL
            SELECT links.*, (ways.end_domain, ways.end_host, ways.end_path) AS ends
            FROM (SELECT * FROM link_states WHERE target_domain IN (SELECT domain FROM ways)) AS links
            INNER JOIN ways ON ways.domain = links.target_domain AND ways.host = links.target_host AND ways.path = links.target_path
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
        GROUP BY ends, source_domain
        UNION ALL
        SELECT
            target_domain,
            source_domain,
            '' AS host,
            '' AS path,
            0 AS own,
            portfolio_share AS edge_share
        FROM domain_edges
        WHERE snapshot = {snapshot:UInt64}
    )
    GROUP BY target_domain, source_domain
    HAVING isNotNull(share)
)
GROUP BY target_domain, host, path
