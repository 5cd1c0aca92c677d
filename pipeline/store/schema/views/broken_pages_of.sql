-- The pages of a target that have live links and answered our latest visit with an error, with the best of
-- those links. Of a registered domain, where host and path match `under` ('%' for all of it).
-- Cost: as broken_links_of.
-- Version: 1
SELECT
    max(links.target_url) AS target_url,
    any(links.outcome) AS outcome, -- of our latest visit: gone or error
    any(links.status) AS status, -- its HTTP status, 0 without an answer
    any(links.visited) AS visited, -- when that was
    toUInt32(uniqExact(links.source_domain)) AS domains, -- referring domains with a live link to it
    toUInt32(count()) AS live, -- live links to it
    toUInt32(countIf(links.nofollow + links.ugc + links.sponsored = 0)) AS followed, -- of them followed
    max(links.authority) AS authority, -- greatest of the referring domains
    argMin(links.source_url, (-ifNull(links.authority, -1), links.nofollow + links.ugc + links.sponsored > 0, links.position != 'main', links.source_url, links.kind)) AS source_url,
    argMin(links.anchor, (-ifNull(links.authority, -1), links.nofollow + links.ugc + links.sponsored > 0, links.position != 'main', links.source_url, links.kind)) AS anchor
FROM broken_links_of(domain = {domain:String}, under = {under:String}) AS links
GROUP BY substring(links.target_url, position(links.target_url, '://') + 3)
