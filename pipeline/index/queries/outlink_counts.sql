-- What a source links to by registered domain, or from which pages it does; the most live links first. Cost: the
-- visits of its pages, and for each domain that they link to a row of `referrers`, or its links from there.
SELECT
    name,
    live,
    lost,
    unverified,
    followed,
    pages,
    target_pages
FROM outlink_counts_of(domain = {domain:String}, under = {under:String}, by = {by:String})
WHERE multiIf({state:String} = 'live', live, {state:String} = 'lost', lost, {state:String} = 'unverified', unverified, 1) > 0
    AND ({paged:UInt8} = 0 OR (-toInt64(live), name) > (-{after_live:Int64}, {after_name:String}))
ORDER BY live DESC, name
LIMIT {limit:UInt64}
