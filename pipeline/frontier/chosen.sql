-- What a request carries of the URLs that were chosen from a slice. Reads the slice's keys, and the rest
-- of the chosen alone: the hash of the path goes first, since few others have one of these.
SELECT
    any(domain) AS domain,
    host,
    path,
    cityHash64(path) AS path_id,
    max(https) AS https,
    min(hops) AS hops,
    toUInt32(bitShiftRight(max(fetched), 32)) AS fetched_s,
    toUInt8(max(wanted) > fetched_s) AS asked_for,
    toUInt8(if(bitShiftRight(max(failures), 32) = fetched_s, bitAnd(max(failures), 255), 0)) AS attempt
FROM frontier
PREWHERE bucket IN {buckets:Array(UInt16)}
    AND cityHash64(path) IN {path_ids:Array(UInt64)}
WHERE (host, cityHash64(path)) IN (SELECT arrayJoin(arrayZip({hosts:Array(String)}, {path_ids:Array(UInt64)})))
GROUP BY host, path
