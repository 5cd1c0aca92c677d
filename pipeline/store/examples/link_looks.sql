-- With which anchors was a domain ever linked, and until when? Cost: reads the rows of that target alone.
SELECT anchor, uniqExact(source_domain) AS referring_domains, fromUnixTimestamp64Milli(toInt64(max(last_seen)), 'UTC') AS latest
FROM link_looks
WHERE target_domain = 'example.org'
GROUP BY anchor
ORDER BY referring_domains DESC, anchor
LIMIT 20
