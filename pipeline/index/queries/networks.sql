-- How referring domains are spread over addresses, networks or owners, the largest first. Cost: the rows of the
-- target's domain in `referrers`; where `under` is not '%' its links too.
SELECT
    network,
    domains,
    share,
    live,
    followed,
    authority,
    effective
FROM networks_of(domain = {domain:String}, under = {under:String}, by = {by:String})
WHERE domains >= {at_least:UInt32}
    AND ({paged:UInt8} = 0 OR (-toFloat64(domains), network) > (-{after_domains:Float64}, {after_network:String}))
ORDER BY domains DESC, network
LIMIT {limit:UInt64}
