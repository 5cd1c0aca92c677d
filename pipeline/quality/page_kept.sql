-- Of which snapshots page_quality has something. Reads one column that is all alike.
SELECT DISTINCT snapshot
FROM page_quality
