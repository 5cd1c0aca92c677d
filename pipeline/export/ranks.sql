-- The ranks of a snapshot's graph as Common Crawl writes them: by harmonic centrality, with places that no
-- two share: of equal values, the one whose reversed name sorts first. Cost: as vertices.sql, sorted thrice.
SELECT
    toInt64(row_number() OVER (ORDER BY toFloat32(harmonic) DESC, reversed)) AS harmonic_place,
    toFloat32(harmonic) AS harmonic,
    toInt64(row_number() OVER (ORDER BY pagerank DESC, reversed)) AS pagerank_place,
    pagerank,
    reversed,
    hosts
FROM
(
    SELECT
        arrayStringConcat(arrayReverse(splitByChar('.', domain)), '.') AS reversed,
        harmonic,
        pagerank,
        greatest(1, ifNull(hosts, 1)) AS hosts
    FROM domain_quality
    WHERE snapshot = {snapshot:UInt64}
        AND match(domain, '^[a-z0-9_-]+([.][a-z0-9_-]+)+$') AND NOT match(domain, '[.][0-9]+$')
)
ORDER BY harmonic_place
