-- When was each link to a domain last sighted, in the raw form? Cost: by target_domain it reads a few
-- rows; by source_domain alone it reads all. Ask link_states unless you need the raw form.
SELECT any(page_host) AS host, source_path, fromUnixTimestamp64Milli(toInt64(bitShiftRight(max(seen), 16)), 'UTC') AS sighted,
    bitAnd(max(seen), 1) AS nofollow, substring(max(look), 12) AS anchor
FROM links
WHERE target_domain = 'example.org'
GROUP BY target_domain, source_domain, source_host, source_path, target_host, target_path, kind
HAVING max(seen) > 0
