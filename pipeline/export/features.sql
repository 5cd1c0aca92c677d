-- Every domain of a snapshot with all that is measured of it. Cost: the snapshot's rows, in the order of
-- their key, streamed.
SELECT *
FROM domain_quality
WHERE snapshot = {snapshot:UInt64}
ORDER BY domain
