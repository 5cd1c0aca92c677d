-- Of which snapshots a table has rows. Cost: reads one column that is all alike within a partition.
SELECT DISTINCT snapshot
FROM domain_quality
UNION DISTINCT
SELECT DISTINCT snapshot
FROM domain_edges
