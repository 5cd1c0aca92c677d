-- The anchor texts of a target's live links, a row for each domain that uses one: of a registered domain,
-- where the host and path of what is linked, or of where that leads, match `under` ('%' for all of it).
-- Cost: that of link_uses_of.
-- Version: 3
SELECT
    source_domain, -- registered domain that links
    anchor, -- anchor text, empty where there is none
    toUInt32(sum(uses.links)) AS links, -- live links with it
    toUInt32(sum(uses.followed)) AS followed, -- of them followed
    toUInt32(sumIf(uses.links, uses.indirect = 1)) AS indirect -- of the links, those that name pages elsewhere, which lead to the target
FROM link_uses_of(domain = {domain:String}, under = {under:String}) AS uses
GROUP BY source_domain, anchor
