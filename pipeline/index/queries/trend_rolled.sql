-- As trend.sql, of a whole domain. Cost: its rows in `referrers`.
SELECT
    day,
    toUInt64(countIf(change = 'new')) AS new,
    toUInt64(countIf(change = 'lost')) AS lost
FROM
(
    SELECT
        event.1 AS change,
        toDate32(fromUnixTimestamp64Milli(toInt64(event.2), 'UTC')) AS day
    FROM
    (
        SELECT arrayJoin([('new', kept.first_seen), ('lost', kept.lost_by)]) AS event
        FROM referrers AS kept FINAL
        WHERE target_domain = {domain:String} AND live + kept.lost + unverified + indirect + indirect_lost + indirect_unverified > 0
    )
    WHERE event.2 > 0 AND toInt64(event.2) >= {since:Int64}
)
GROUP BY day
ORDER BY day
