-- From where referring domains are, by top-level domain, country or language, the most frequent first. Cost:
-- the rows of the target's domain in `referrers`; where `under` is not '%' its links too.
SELECT
    place,
    domains,
    share,
    live,
    followed,
    authority
FROM places_of(domain = {domain:String}, under = {under:String}, by = {by:String})
WHERE domains >= {at_least:UInt32}
    AND ({paged:UInt8} = 0 OR (-toFloat64(domains), place) > (-{after_domains:Float64}, {after_place:String}))
ORDER BY domains DESC, place
LIMIT {limit:UInt64}
