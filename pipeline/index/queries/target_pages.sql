-- The pages of a target that live links point to, those that most domains link first.
-- Cost: that of the view target_pages_of.
SELECT
    url,
    links,
    referring_domains,
    followed,
    outcome,
    status,
    leads_to,
    last_visit,
    authority,
    indirect
FROM target_pages_of(domain = {domain:String}, under = {under:String})
WHERE {paged:UInt8} = 0 OR (-toInt64(referring_domains), -toInt64(links), url) > (-toInt64({after_referring_domains:UInt64}), -toInt64({after_links:UInt64}), {after_url:String})
ORDER BY referring_domains DESC, links DESC, url
LIMIT {limit:UInt64}
