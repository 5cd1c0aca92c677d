-- How many referring domains of a target came and went, a row for each day with any, in UTC: a domain came
-- when its first link was first seen, and went when the last of its links was known to be gone.
-- Cost: that of the view referring_domains_of.
SELECT
    day,
    toUInt64(countIf(change = 'new')) AS new,
    toUInt64(countIf(change = 'lost')) AS lost
FROM
(
    SELECT
        tupleElement(event, 1) AS change,
        toDate32(tupleElement(event, 2)) AS day
    FROM
    (
        SELECT arrayJoin([('new', toNullable(first_seen)), ('lost', lost_by)]) AS event
        FROM referring_domains_of(domain = {domain:String}, under = {under:String})
    )
    WHERE tupleElement(event, 2) >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
)
GROUP BY day
ORDER BY day
