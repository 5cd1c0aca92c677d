-- Which snapshots there are, the newest first. Reads the few rows of snapshots.
SELECT
    snapshot,
    fromUnixTimestamp64Milli(toInt64(snapshot), 'UTC') AS as_of,
    fromUnixTimestamp64Milli(toInt64(written), 'UTC') AS written,
    domains,
    edges,
    JSONExtractUInt(manifest, 'seeds') AS seeds,
    JSONExtractUInt(manifest, 'seeds_in_graph') AS seeds_known,
    JSONExtractRaw(manifest, 'formula') AS formula,
    JSONExtractString(manifest, 'program') AS program,
    manifest
FROM snapshots FINAL
ORDER BY snapshot DESC
