-- What the columns of a table mean. Cost: a few rows of the engine's own tables.
SELECT name, type, comment
FROM system.columns
WHERE database = currentDatabase() AND table = {table:String}
ORDER BY position
