-- Of which snapshots page_strength has something. Reads one column that is all alike.
SELECT DISTINCT snapshot
FROM page_strength
