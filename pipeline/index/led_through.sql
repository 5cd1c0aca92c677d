-- Pages whose way leads through a page that came in since the last run and leads elsewhere than it did then,
-- or is known to have led elsewhere once.
-- Cost: the ways through those pages, and no more than `most` of them are told.
SELECT DISTINCT ways.domain AS domain, ways.host AS host, ways.path AS path
FROM
(
    SELECT domain, host, path, end_domain, end_host, end_path, end_turns
    FROM leads_in FINAL
    WHERE (end_domain, end_host, end_path) IN
        (
            SELECT domain, host, path
            FROM arrivals
            WHERE arrived > {from:UInt64} AND arrived <= {to:UInt64}
                AND domain > {after:String} AND ({until:String} = '' OR domain <= {until:String})
        )
        AND (active = 1 OR end_turns > 0)
) AS ways
INNER JOIN
(
    SELECT domain, host, path, if(arrayExists(turn -> turn.5 != '', turns), cityHash64(toString(turns)), 1) AS turned
    FROM page_fates FINAL
    WHERE (domain, host, path) IN
    (
        SELECT domain, host, path
        FROM arrivals
        WHERE arrived > {from:UInt64} AND arrived <= {to:UInt64}
            AND domain > {after:String} AND ({until:String} = '' OR domain <= {until:String})
    )
) AS fates ON fates.domain = ways.end_domain AND fates.host = ways.end_host AND fates.path = ways.end_path
WHERE ways.end_turns != fates.turned
ORDER BY domain, host, path
LIMIT {most:UInt64}
