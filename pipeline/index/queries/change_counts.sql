-- How many backlinks and referring domains of a target came and went in each day, week or month that a span of
-- time touches, the latest first. Cost: the links of that domain.
SELECT
    toString(counts.period) AS period,
    appeared,
    discovered,
    lost,
    reasons,
    changed,
    domains_gained,
    domains_lost,
    links,
    indirect_gained,
    indirect_lost,
    indirect_links
FROM change_counts_of(domain = {domain:String}, under = {under:String}, by = {by:String}) AS counts
WHERE counts.period >= multiIf({by:String} = 'month', toStartOfMonth(toDate(intDiv({since:Int64}, 1000), 'UTC')), {by:String} = 'week', toMonday(toDate(intDiv({since:Int64}, 1000), 'UTC')), toDate(intDiv({since:Int64}, 1000), 'UTC'))
    AND counts.period <= toDate(intDiv({until:Int64} - 1, 1000), 'UTC')
    AND ({paged:UInt8} = 0 OR toString(counts.period) < {after_period:String})
ORDER BY counts.period DESC
LIMIT {limit:UInt64}
