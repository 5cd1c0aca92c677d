-- Everything that was ever said of some domains, or of all where none is named; an empty label took the
-- one before back. Cost: the rows of those domains, or the whole table, which people have written.
SELECT
    domain,
    toString(label) AS label,
    note,
    who,
    fromUnixTimestamp64Milli(toInt64(at), 'UTC') AS at
FROM labels FINAL
WHERE (empty({domains:Array(String)}) OR domain IN {domains:Array(String)})
    AND ({label:String} = '' OR label = {label:String})
ORDER BY domain, labels.at
