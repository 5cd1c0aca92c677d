-- Every linked page of a snapshot with its scores; none of an older one than the last, whose pages are not kept.
-- Cost: the snapshot's rows, in the order of their key, streamed.
SELECT *
FROM page_quality
WHERE snapshot = {snapshot:UInt64}
ORDER BY domain, host, path
