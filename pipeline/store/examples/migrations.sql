-- At which schema is the store? Cost: a row a migration.
SELECT max(number) AS schema, toDateTime(intDiv(max(applied), 1000), 'UTC') AS since
FROM migrations FINAL
