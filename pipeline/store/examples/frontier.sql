-- What is due next of a domain? A `due` in 1970 means never fetched, and so due now. Cost: the key
-- begins with the bucket: name it and it reads that bucket's rows of the domain, else the table.
SELECT host, path, min(hops) AS hops, toDateTime(bitAnd(max(fetched), 4294967295), 'UTC') AS due
FROM frontier
WHERE bucket = cityHash64('example.org') % 1024 AND domain = 'example.org'
GROUP BY bucket, domain, host, path
ORDER BY due
LIMIT 20
