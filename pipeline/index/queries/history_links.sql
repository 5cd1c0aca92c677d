-- As history.sql, with how many links there were at the end of each period. Cost: as history.sql, and the links
-- of the target's domain.
SELECT
    toString(told.period) AS period,
    told.referring_domains AS referring_domains,
    told.gained AS gained,
    told.lost AS lost,
    told.links AS links,
    told.links_gained AS links_gained,
    told.links_lost AS links_lost,
    told.their_pages_read AS their_pages_read,
    told.pages_read AS pages_read,
    told.sites_read AS sites_read,
    told.indirect_domains AS indirect_domains,
    told.indirect_gained AS indirect_gained,
    told.indirect_lost AS indirect_lost
FROM
(
    SELECT
        history.period AS period,
        referring_domains,
        gained,
        history.lost AS lost,
        ifNull(appeared + discovered, 0) AS links_gained,
        ifNull(counts.lost, 0) AS links_lost,
        toUInt64(sum(toInt64(links_gained) - toInt64(links_lost)) OVER (ORDER BY history.period ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)) AS links,
        their_pages_read,
        pages_read,
        sites_read,
        indirect_domains,
        history.indirect_gained AS indirect_gained,
        history.indirect_lost AS indirect_lost
    FROM history_of(domain = {domain:String}, under = {under:String}, by = {by:String}) AS history
    LEFT ANY JOIN change_counts_of(domain = {domain:String}, under = {under:String}, by = {by:String}) AS counts ON counts.period = history.period
) AS told
WHERE told.period >= multiIf({by:String} = 'month', toStartOfMonth(toDate(intDiv({since:Int64}, 1000), 'UTC')), {by:String} = 'week', toMonday(toDate(intDiv({since:Int64}, 1000), 'UTC')), toDate(intDiv({since:Int64}, 1000), 'UTC'))
    AND told.period <= toDate(intDiv({until:Int64} - 1, 1000), 'UTC')
    AND ({paged:UInt8} = 0 OR toString(told.period) < {after_period:String})
ORDER BY told.period DESC
LIMIT {limit:UInt64}
