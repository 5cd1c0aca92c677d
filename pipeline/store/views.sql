-- The views that there are, with their comments. Reads no row.
SELECT name, comment
FROM system.tables
WHERE database = currentDatabase() AND engine = 'View'
