-- How many visits did each run of the lifecycle job look at lately? Cost: reads some hours' rows.
SELECT fromUnixTimestamp64Milli(toInt64(run), 'UTC') AS run, count() AS visits
FROM changed_visits
GROUP BY run
ORDER BY run
