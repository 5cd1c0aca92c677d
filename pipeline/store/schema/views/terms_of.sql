-- The words in the anchor texts of a target's live links, in small letters: of a registered domain, where
-- the host and path of what is linked, or of where that leads, match `under` ('%' for all of it).
-- Cost: that of link_uses_of.
-- Version: 3
SELECT
    term, -- word in small letters
    sum(uses.links) AS links, -- live links whose anchor text has it
    uniqExact(cityHash64(source_domain)) AS referring_domains, -- domains that use it
    sum(uses.followed) AS followed, -- of the links, those that are followed
    sum(uses.links) / any(all_links) AS share, -- of all live links of the target, 0 to 1
    sumIf(uses.links, uses.indirect = 1) AS indirect -- of the links, those that name pages elsewhere, which lead to the target
FROM
(
    SELECT
        source_domain,
        arrayJoin(arrayDistinct(extractAll(lowerUTF8(anchor), '[\\pL\\pM\\pN]+'))) AS term,
        links,
        followed,
        indirect,
        all_links
    FROM
    (
        SELECT *, sum(links) OVER () AS all_links
        FROM link_uses_of(domain = {domain:String}, under = {under:String})
    )
) AS uses
WHERE term != ''
GROUP BY term
