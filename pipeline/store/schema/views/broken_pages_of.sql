-- The pages of a target that are gone and have live backlinks, with the best of those links. Of a registered
-- domain, where host and path match `under` ('%' for all of it).
-- Cost: as broken_links_of.
-- Version: 1
SELECT
    max(found.end_url) AS url, -- the page that is gone
    any(found.outcome) AS outcome, -- gone or unreachable
    any(found.status) AS status, -- HTTP status of the latest visit that says so, 0 without an answer
    any(found.broken_since) AS broken_since, -- the first of these visits
    toUInt32(uniqExact(found.source_domain)) AS referring_domains, -- with a live link to it
    toUInt32(count()) AS links, -- live links to it
    toUInt32(countIf(found.nofollow + found.ugc + found.sponsored = 0)) AS followed, -- of them followed
    max(found.authority) AS authority, -- greatest of the referring domains
    argMin(found.source_url, (-ifNull(found.authority, -1), found.nofollow + found.ugc + found.sponsored > 0, found.position != 'main', found.source_url, found.target_url, found.kind)) AS source_url,
    argMin(found.anchor, (-ifNull(found.authority, -1), found.nofollow + found.ugc + found.sponsored > 0, found.position != 'main', found.source_url, found.target_url, found.kind)) AS anchor
FROM broken_links_of(domain = {domain:String}, under = {under:String}) AS found
GROUP BY substring(found.end_url, position(found.end_url, '://') + 3)
