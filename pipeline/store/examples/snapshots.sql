-- With which seeds and filter was the newest snapshot made? Cost: a few rows.
SELECT fromUnixTimestamp64Milli(toInt64(snapshot), 'UTC') AS of, domains, edges, manifest
FROM snapshots FINAL
ORDER BY snapshot DESC
LIMIT 1
