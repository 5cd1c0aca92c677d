-- The pages of a snapshot with their scores and ranks. Reads what waits unranked twice; in memory are only
-- the places of what is alike within 1 in 10,000.
INSERT INTO page_quality_next (snapshot, domain, host, path, score, worth, worth_rank, pages, referring_domains)
SELECT
    {snapshot:UInt64},
    unranked.domain,
    unranked.host,
    unranked.path,
    if({seeded:UInt8} = 1, 100 * (1 - exp2(-unranked.worth / {p50:Float64})), NULL),
    unranked.worth,
    places.worth_rank,
    places.pages,
    unranked.referring_domains
FROM
(
    SELECT *, if(worth > 0, toInt64(round(log(worth) * 10000)), -9223372036854775807) AS near
    FROM page_quality_next
    WHERE snapshot = 0
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
