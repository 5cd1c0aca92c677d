-- Every backlink of a target, with the authority and spam risk of the domain that links: of a registered domain, where
-- the host and path of what is linked, or of where that leads, match `under` ('%' for all of it).
-- Cost: the links of that domain; fewer where source_domain is named.
-- Version: 3
SELECT
    links.*,
    quality.authority AS authority, -- of source_domain, 0 to 100; NULL where it is unknown
    quality.spam_risk AS spam_risk -- of source_domain, 0 to 100; NULL where it is unknown
FROM backlinks(domain = {domain:String}) AS links
LEFT ANY JOIN
(
    SELECT source_domain, authority, spam_risk
    FROM referrers FINAL
    WHERE target_domain = {domain:String}
) AS quality ON quality.source_domain = links.source_domain
WHERE substring(links.target_url, position(links.target_url, '://') + 3) LIKE {under:String} OR substring(links.end_url, position(links.end_url, '://') + 3) LIKE {under:String}
