-- What was ever said of a domain, and by whom? Cost: the rows of that domain.
SELECT fromUnixTimestamp64Milli(toInt64(at), 'UTC') AS said, label, note, who
FROM labels FINAL
WHERE domain = 'example.org'
ORDER BY at
