-- The pages of a snapshot with their scores and ranks. Reads what waits unranked twice, what backlinks are worth
-- under snapshot 0 and what authority is under 1, which come together in the order of the table's key; in memory
-- are only the places of what is alike within 1 in 10,000.
INSERT INTO page_quality_next (snapshot, domain, host, path, score, worth, worth_rank, pages, referring_domains, trusted_harmonic, trusted_harmonic_rank, authority, counted_domains, brings)
SELECT
    {snapshot:UInt64},
    unranked.domain,
    unranked.host,
    unranked.path,
    if({seeded:UInt8} = 1, 100 * (1 - exp2(-unranked.worth / {p50:Float64})), NULL),
    unranked.worth,
    places.worth_rank,
    places.pages,
    unranked.referring_domains,
    unranked.trusted_harmonic,
    unranked.trusted_harmonic_rank,
    unranked.authority,
    unranked.counted_domains,
    unranked.brings
FROM
(
    SELECT
        domain,
        host,
        path,
        sum(found.worth) AS worth,
        max(found.referring_domains) AS referring_domains,
        max(found.trusted_harmonic) AS trusted_harmonic,
        max(found.trusted_harmonic_rank) AS trusted_harmonic_rank,
        max(found.authority) AS authority,
        max(found.counted_domains) AS counted_domains,
        argMax(found.brings, found.snapshot) AS brings,
        if(worth > 0, toInt64(round(log(worth) * 10000)), -9223372036854775807) AS near
    FROM page_quality_next AS found
    WHERE found.snapshot IN (0, 1)
    GROUP BY domain, host, path
    HAVING min(found.snapshot) = 0
) AS unranked
INNER JOIN
(
    SELECT
        near,
        toUInt64(sum(alike) OVER (ORDER BY near DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)) - (alike - 1) / 2 AS worth_rank,
        toUInt64(sum(alike) OVER ()) AS pages
    FROM
    (
        SELECT
            if(worth > 0, toInt64(round(log(worth) * 10000)), -9223372036854775807) AS near,
            count() AS alike
        FROM page_quality_next
        WHERE snapshot = 0
        GROUP BY near
    )
) AS places ON places.near = unranked.near
SETTINGS optimize_aggregation_in_order = 1
