-- What the store is: version, clock (ms since 1970) and how many tables ours has. Reads no data.
SELECT
    version() AS version,
    toUnixTimestamp64Milli(now64(3)) AS now_ms,
    (SELECT count() FROM system.tables WHERE database = currentDatabase()) AS tables
