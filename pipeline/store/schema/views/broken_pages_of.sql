-- The pages of a target that have live links and answered our latest visit with an error, with the best of
-- those found. Of a registered domain, where host and path match `under` ('%' for all of it).
-- Cost: as broken_links_of.
-- Version: 1
SELECT
    max(found.target_url) AS target_url,
    any(found.outcome) AS outcome, -- of our latest visit: gone or error
    any(found.status) AS status, -- its HTTP status, 0 without an answer
    any(found.visited) AS visited, -- when that was
    toUInt32(uniqExact(found.source_domain)) AS referring_domains, -- referring domains with a live link to it
    toUInt32(count()) AS links, -- live links to it
    toUInt32(countIf(found.nofollow + found.ugc + found.sponsored = 0)) AS followed, -- of them followed
    max(found.authority) AS authority, -- greatest of the referring domains
    argMin(found.source_url, (-ifNull(found.authority, -1), found.nofollow + found.ugc + found.sponsored > 0, found.position != 'main', found.source_url, found.kind)) AS source_url,
    argMin(found.anchor, (-ifNull(found.authority, -1), found.nofollow + found.ugc + found.sponsored > 0, found.position != 'main', found.source_url, found.kind)) AS anchor
FROM broken_links_of(domain = {domain:String}, under = {under:String}) AS found
GROUP BY substring(found.target_url, position(found.target_url, '://') + 3)
