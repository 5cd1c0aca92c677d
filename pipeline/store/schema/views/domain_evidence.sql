-- Every figure of a registered domain in the newest snapshot, one a row: what it is, and where the domain
-- stands by it among all of which it is known.
-- Cost: one row of `domain_quality`, and the snapshot's manifest.
-- Version: 1
SELECT
    measure, -- name of the column of domain_quality
    toFloat64OrNull(JSONExtractRaw(line, measure)) AS value, -- NULL is unknown
    toFloat64OrNull(JSONExtractRaw(line, concat(measure, '_rank'))) AS rank, -- 1 is the greatest, ties at their middle; NULL where it is unknown or not ranked
    n, -- of how many domains it is known; NULL in snapshots from before
    if(n > 1, 100 * (n - rank) / (n - 1), NULL) AS percentile, -- share of the others that it stands above, in per cent
    unit, -- what one of it is
    meaning, -- what it says
    if(value IS NULL, unknown, '') AS unknown -- where the value is unknown, why
FROM
(
    SELECT
        line,
        JSONExtractString(told, 'measure') AS measure,
        JSONExtractString(told, 'unit') AS unit,
        JSONExtractString(told, 'meaning') AS meaning,
        JSONExtractString(told, 'unknown') AS unknown,
        JSONExtract(manifest, 'known', measure, 'Nullable(UInt64)') AS n
    FROM
    (
        SELECT
            ifNull((SELECT manifest FROM snapshots FINAL ORDER BY snapshot DESC LIMIT 1), '') AS manifest,
            arrayJoin(JSONExtractArrayRaw(manifest, 'measures')) AS told,
            formatRow('JSONEachRow', *) AS line
        FROM domain_quality
        WHERE snapshot = (SELECT max(snapshot) FROM snapshots) AND domain = {domain:String}
    )
)
