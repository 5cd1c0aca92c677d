-- How referring domains are spread over addresses, networks or owners, the largest first. Cost: the rows of the
-- target's domain in `referrers`; where `under` is not '%' its links too.
SELECT
    network,
    referring_domains,
    share,
    links,
    followed,
    authority,
    effective,
    indirect
FROM networks_of(domain = {domain:String}, under = {under:String}, by = {by:String})
WHERE referring_domains >= {at_least:UInt32}
    AND ({paged:UInt8} = 0 OR (-toInt64(referring_domains), network) > (-{after_referring_domains:Int64}, {after_network:String}))
ORDER BY referring_domains DESC, network
LIMIT {limit:UInt64}
