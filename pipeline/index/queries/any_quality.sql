-- One row of a snapshot, which tells its columns. Cost: one block.
SELECT *
FROM domain_quality
WHERE snapshot = {snapshot:UInt64}
LIMIT 1
