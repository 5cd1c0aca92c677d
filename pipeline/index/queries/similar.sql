-- Domains like another in the newest snapshot, the nearest first: by both, by text or by links. Cost: that of
-- the view similar_to.
SELECT
    domain,
    score,
    text,
    shared_terms,
    links,
    shared_referrers,
    referrers,
    links_here,
    authority,
    language,
    country,
    multiIf({by:String} = 'text', text, {by:String} = 'links', links, score) AS place
FROM similar_to(domain = {domain:String})
WHERE place > 0
    AND ({language:String} = '' OR language = {language:String})
    AND ({country:String} = '' OR country = {country:String})
    AND ({paged:UInt8} = 0 OR (-place, domain) > (-{after_place:Float64}, {after_domain:String}))
ORDER BY place DESC, domain
LIMIT {limit:UInt64}
