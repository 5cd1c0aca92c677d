-- Who links to whom, by registered domain: links that are not lost. Reads all links once. What the
-- edge filter leaves out weighs 0. What only a list says has no part in it.
-- A link counts by its place (a footer says less than a text); pages add up sub-linearly, so that a
-- sitewide link is not a thousand links. Weights are thousandths: whole numbers have one sum in any order.
-- What is suppressed has no part, though it were not erased yet.
WITH
    suppressed AS (SELECT name FROM controls FINAL WHERE verb = 'suppress' AND value > 0),
    (SELECT groupArray(name) FROM suppressed WHERE position(name, '/') > 0) AS prefixes
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
        target_domain,
        source_host,
        source_path,
        position,
        nofollow = 0 AND ugc = 0 AND sponsored = 0 AS followed,
        followed OR {nofollow:UInt8} = 1 AS counts
    FROM link_states
    WHERE state != 'lost' AND source != 'list' AND kind IN ('a', 'area', 'img-link', 'redirect')
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
