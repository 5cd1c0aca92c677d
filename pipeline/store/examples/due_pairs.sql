-- Which runs of the roll-up were there lately, and of how many pairs? Cost: reads some hours' rows.
SELECT fromUnixTimestamp64Milli(toInt64(run), 'UTC') AS run, count() AS pairs
FROM due_pairs
GROUP BY run
ORDER BY run
