-- From where referring domains are, by top-level domain, country or language, the most frequent first. Cost:
-- the rows of the target's domain in `referrers`; where `under` is not '%' its links too.
SELECT
    place,
    referring_domains,
    share,
    links,
    followed,
    authority,
    indirect
FROM places_of(domain = {domain:String}, under = {under:String}, by = {by:String})
WHERE referring_domains >= {at_least:UInt32}
    AND ({paged:UInt8} = 0 OR (-toInt64(referring_domains), place) > (-{after_referring_domains:Int64}, {after_place:String}))
ORDER BY referring_domains DESC, place
LIMIT {limit:UInt64}
