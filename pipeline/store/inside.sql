-- What the store's engine has that reaches beyond the store, and this database's views, which take
-- parameters as functions do. Reads only system tables: milliseconds.
SELECT
    (SELECT groupArray(lower(name)) FROM system.table_functions) AS table_functions,
    (SELECT groupArray(lower(name)) FROM system.functions) AS functions,
    (SELECT groupArray(lower(name)) FROM system.functions WHERE categories = 'AI' OR name = 'file') AS outward,
    (SELECT groupArray(name) FROM system.tables WHERE database = currentDatabase() AND engine = 'View') AS views
