-- Every column of some domains in a snapshot. Cost: the rows of those domains, by their key.
SELECT *
FROM domain_quality
WHERE snapshot = {snapshot:UInt64} AND domain IN {domains:Array(String)}
