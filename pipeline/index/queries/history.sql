-- How many domains linked to a target at the end of each day, week or month that a span of time touches, with how
-- many pages had been read by then, the latest first. Cost: the rows of the target's domain in `referrers`, its links by
-- other pages, and a range of `crawled_sites` for each referring domain.
SELECT
    toString(told.period) AS period,
    referring_domains,
    gained,
    lost,
    their_pages_read,
    pages_read,
    sites_read,
    indirect_domains,
    indirect_gained,
    indirect_lost
FROM history_of(domain = {domain:String}, under = {under:String}, by = {by:String}) AS told
WHERE told.period >= multiIf({by:String} = 'month', toStartOfMonth(toDate(intDiv({since:Int64}, 1000), 'UTC')), {by:String} = 'week', toMonday(toDate(intDiv({since:Int64}, 1000), 'UTC')), toDate(intDiv({since:Int64}, 1000), 'UTC'))
    AND told.period <= toDate(intDiv({until:Int64} - 1, 1000), 'UTC')
    AND ({paged:UInt8} = 0 OR toString(told.period) < {after_period:String})
ORDER BY told.period DESC
LIMIT {limit:UInt64}
