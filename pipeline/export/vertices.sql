-- The vertices of a snapshot's graph as Common Crawl writes them: ids from 0 in the order of the reversed
-- names by their bytes, as LC_ALL=C sorts. Addresses and names without a dot are no hosts there and are
-- left out. Cost: three columns of the snapshot, sorted.
SELECT
    toInt64(row_number() OVER (ORDER BY reversed)) - 1 AS id,
    reversed,
    hosts
FROM
(
    SELECT
        arrayStringConcat(arrayReverse(splitByChar('.', domain)), '.') AS reversed,
        greatest(1, ifNull(hosts, 1)) AS hosts
    FROM domain_quality
    WHERE snapshot = {snapshot:UInt64}
        AND match(domain, '^[a-z0-9_-]+([.][a-z0-9_-]+)+$') AND NOT match(domain, '[.][0-9]+$')
)
ORDER BY id
