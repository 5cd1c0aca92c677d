-- What the last visit of these pages left for the next: validators, interval, digest of the links.
SELECT
    host,
    path,
    argMaxIfMerge(validators) AS validators,
    validators.1 AS etag,
    validators.2 AS last_modified,
    validators.3 AS digest,
    validators.4 AS interval_s
FROM pages
WHERE (domain, host, path) IN
(
    SELECT arrayJoin(arrayZip({domains:Array(String)}, {hosts:Array(String)}, {paths:Array(String)}))
)
GROUP BY domain, host, path
