-- What each linked page's backlinks are worth together: each pair's share of a portfolio goes to its links by
-- place and rel, in millionths, whose sum is the same in any order. Not yet ranked, under snapshot 0. Reads the
-- links that edges.sql reads, whose pairs these are, and the snapshot's edges; a page's shares are held to be added
-- up in their order.
INSERT INTO page_quality_next (snapshot, domain, host, path, worth, referring_domains)
SELECT
    0,
    target_domain,
    page.1 AS host,
    page.2 AS path,
    arraySum(arraySort(groupArray(share * page.3 / whole))) AS worth,
    toUInt32(count())
FROM
(
    SELECT
        target_domain,
        source_domain,
        -- A pair has one edge at most, and none where its links came after the snapshot.
        max(edge_share) AS share,
        sum(own) AS whole,
        arrayJoin(groupArrayIf((host, path, own), own > 0)) AS page
    FROM
    (
        SELECT
            end_domain AS target_domain,
            source_domain,
            end_host AS host,
            end_path AS path,
            sum(toUInt64(round(1000000 * transform(position, {places:Array(String)}, {place_values:Array(Float64)}, {place_unknown:Float64}) * if(nofollow = 0 AND ugc = 0 AND sponsored = 0, {followed:Float64}, {other:Float64})))) AS own,
            CAST(NULL, 'Nullable(Float64)') AS edge_share
        FROM credited_links(after = '', until = '', as_of = {snapshot:UInt64})
        GROUP BY end_domain, end_host, end_path, source_domain
        UNION ALL
        SELECT
            target_domain,
            source_domain,
            '' AS host,
            '' AS path,
            0 AS own,
            portfolio_share AS edge_share
        FROM domain_edges
        WHERE snapshot = {snapshot:UInt64}
    )
    GROUP BY target_domain, source_domain
    HAVING isNotNull(share)
)
GROUP BY target_domain, host, path
