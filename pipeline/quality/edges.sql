-- Who links to whom, by registered domain: links first seen up to the snapshot and not found lost by then. Reads all links once, and those to domains
-- that redirect to others twice. What the edge filter leaves out weighs 0. What only a list says has no part.
-- A link to a page that redirects to another domain is an edge to that one alone, and none where it comes back
-- to where it began: a link counts once, where it ends. The redirect is a link of its own, of the domain that
-- redirects. A canonical that names another domain is a hint, and moves nothing.
-- A link counts by its place (a footer says less than a text); pages add up sub-linearly, so that a
-- sitewide link is not a thousand links. Weights are thousandths: whole numbers have one sum in any order.
-- What is suppressed has no part, though it were not erased yet.
WITH
    suppressed AS (SELECT name FROM controls FINAL WHERE verb = 'suppress' AND value > 0),
    (SELECT groupArray(name) FROM suppressed WHERE position(name, '/') > 0) AS prefixes,
    ways AS
    (
        SELECT domain, host, path, end_domain
        FROM leads FINAL
        WHERE active = 1 AND leads_on = '' AND hint = 0 AND end_domain != domain
            AND end_domain NOT IN (SELECT name FROM suppressed)
            AND end_host NOT IN (SELECT name FROM suppressed)
            AND if(position(end_host, ':') = 0, end_host, replaceRegexpOne(end_host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
            AND NOT arrayExists(p -> startsWith(concat(end_host, end_path), p) OR startsWith(concat(if(position(end_host, ':') = 0, end_host, replaceRegexpOne(end_host, ':[0-9]+$', '')), end_path), p), prefixes)
    )
SELECT
    source_domain,
    target_domain,
    toUInt32(count()) AS links,
    toUInt32(countIf(followed)) AS follow_links,
    toUInt32(uniqExact(source_host, source_path)) AS pages,
    log2(1 + sumIf(transform(position, {positions:Array(String)}, {weights:Array(UInt32)}, {other:UInt32}), counts) / 1000) AS weight
FROM
(
    SELECT
        source_domain,
        credited AS target_domain,
        source_host,
        source_path,
        position,
        nofollow = 0 AND ugc = 0 AND sponsored = 0 AS followed,
        followed OR {nofollow:UInt8} = 1 AS counts
    FROM
    (
        SELECT *, target_domain AS credited
        FROM link_states
        WHERE NOT (target_domain IN (SELECT domain FROM ways) AND (target_domain, target_host, target_path) IN (SELECT domain, host, path FROM ways))
        UNION ALL
        SELECT links.*, ways.end_domain AS credited
        FROM (SELECT * FROM link_states WHERE target_domain IN (SELECT domain FROM ways)) AS links
        INNER JOIN ways ON ways.domain = links.target_domain AND ways.host = links.target_host AND ways.path = links.target_path
        WHERE links.source_domain != ways.end_domain
    )
    WHERE first_seen <= {snapshot:UInt64} AND (state != 'lost' OR lost_by > {snapshot:UInt64})
        AND source != 'list' AND kind IN ('a', 'area', 'img-link', 'redirect')
        AND source_domain NOT IN (SELECT name FROM suppressed)
        AND source_host NOT IN (SELECT name FROM suppressed)
        AND if(position(source_host, ':') = 0, source_host, replaceRegexpOne(source_host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
        AND NOT arrayExists(p -> startsWith(concat(source_host, source_path), p) OR startsWith(concat(if(position(source_host, ':') = 0, source_host, replaceRegexpOne(source_host, ':[0-9]+$', '')), source_path), p), prefixes)
        AND target_domain NOT IN (SELECT name FROM suppressed)
        AND target_host NOT IN (SELECT name FROM suppressed)
        AND if(position(target_host, ':') = 0, target_host, replaceRegexpOne(target_host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
        AND NOT arrayExists(p -> startsWith(concat(target_host, target_path), p) OR startsWith(concat(if(position(target_host, ':') = 0, target_host, replaceRegexpOne(target_host, ':[0-9]+$', '')), target_path), p), prefixes)
)
GROUP BY source_domain, target_domain
ORDER BY target_domain, source_domain
