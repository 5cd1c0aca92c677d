-- What did operators say that is in force, and since when? Cost: reads it whole, a row a statement.
SELECT verb, name, value, fromUnixTimestamp64Milli(toInt64(at), 'UTC') AS since, who, note
FROM controls FINAL
WHERE value != 0 AND value != -1
ORDER BY verb, name
