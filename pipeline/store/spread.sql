-- How our tables were made that may be spread over shards: `links` and what is Distributed. Reads a
-- system table.
SELECT name, engine_full AS made
FROM system.tables
WHERE database = currentDatabase() AND (engine = 'Distributed' OR name = 'links')
