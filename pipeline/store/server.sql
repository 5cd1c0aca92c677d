-- What a server says of itself. Reads no table.
SELECT version() AS version, timezone() AS timezone, toUnixTimestamp64Milli(now64(3)) AS now_ms
