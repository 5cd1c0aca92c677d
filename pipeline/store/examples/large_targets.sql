-- Of which domains are the uses of links rolled up, and since when? Cost: reads a row a large domain, few.
SELECT target_domain, fromUnixTimestamp64Milli(toInt64(since), 'UTC') AS since
FROM large_targets FINAL
ORDER BY since
