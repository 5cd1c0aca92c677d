-- Labels of some domains, or of all where none is named, and of one kind where one is. Cost: the rows of
-- those domains, or the whole table, which people have written.
SELECT
    domain,
    label,
    note,
    who,
    fromUnixTimestamp64Milli(toInt64(at), 'UTC') AS at
FROM labels_now
WHERE (empty({domains:Array(String)}) OR domain IN {domains:Array(String)})
    AND ({label:String} = '' OR label = {label:String})
ORDER BY domain
