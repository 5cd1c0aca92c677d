-- The edges of a snapshot's graph that count in its ranks, by the ids that vertices.sql gives, sorted by
-- from and to. Cost: the snapshot's edges, sorted, and its names twice, which go to disk where memory is short.
WITH vertices AS
(
    SELECT
        domain,
        toInt64(row_number() OVER (ORDER BY reversed)) - 1 AS id
    FROM
    (
        SELECT
            domain,
            arrayStringConcat(arrayReverse(splitByChar('.', domain)), '.') AS reversed
        FROM domain_quality
        WHERE snapshot = {snapshot:UInt64}
            AND match(domain, '^[a-z0-9_-]+([.][a-z0-9_-]+)+$') AND NOT match(domain, '[.][0-9]+$')
    )
)
SELECT
    sources.id AS source,
    targets.id AS target
FROM (SELECT source_domain, target_domain FROM domain_edges WHERE snapshot = {snapshot:UInt64} AND weight > 0) AS edges
INNER JOIN vertices AS sources ON edges.source_domain = sources.domain
INNER JOIN vertices AS targets ON edges.target_domain = targets.domain
ORDER BY source, target
SETTINGS join_algorithm = 'grace_hash'
