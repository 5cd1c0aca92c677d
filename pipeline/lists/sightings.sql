-- The links from these pages to these domains that were seen since a moment. Reads the links of these
-- targets' domains from the pages' domains.
SELECT
    any(page_host) AS host,
    source_path AS path,
    target_domain,
    concat(target_host, target_path) AS target,
    max(target_https) AS https,
    toString(kind) AS kind,
    toUInt8(bitAnd(max(seen), 7)) AS rel,
    substring(max(look), 12) AS anchor
FROM links
WHERE target_domain IN {targets:Array(String)} AND source_domain IN {domains:Array(String)}
    AND (source_domain, page_host, source_path) IN
    (
        SELECT arrayJoin(arrayZip({domains:Array(String)}, {hosts:Array(String)}, {paths:Array(String)}))
    )
GROUP BY target_domain, source_domain, source_host, source_path, target_host, target_path, kind
HAVING bitShiftRight(max(seen), 16) >= {since:UInt64}
