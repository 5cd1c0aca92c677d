-- Which pages of a domain are gone, since when? Cost: by domain it reads a few rows.
SELECT host, path, toString(outcome) AS outcome, status, fromUnixTimestamp64Milli(toInt64(since), 'UTC') AS gone_since
FROM page_fates FINAL
WHERE domain = 'example.org' AND outcome IN ('gone', 'unreachable')
ORDER BY since DESC
LIMIT 20
