-- Our tables that write to disk, how they were made, and what an insert waits for. Reads only
-- system tables: milliseconds.
SELECT
    name,
    engine,
    create_table_query AS made,
    (SELECT value FROM system.settings WHERE name = 'insert_quorum') AS quorum
FROM system.tables
WHERE database = currentDatabase() AND engine LIKE '%MergeTree'
ORDER BY name
