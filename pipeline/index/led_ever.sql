-- Pages that ever led on, in order, after one of them. Cost: the keys of `leads`.
SELECT DISTINCT domain, host, path
FROM leads
WHERE (domain, host, path) > ({after_domain:String}, {after_host:String}, {after_path:String})
ORDER BY domain, host, path
LIMIT {most:UInt64}
