-- The anchor texts of a target's live links: of a registered domain, where the host and path of what is
-- linked, or of where that leads, match `under` ('%' for all of it).
-- Cost: that of link_uses_of.
-- Version: 3
SELECT
    anchor, -- anchor text, empty where there is none
    multiIf(
        match(anchor, '^\\s*$'), 'empty',
        match(anchor, '^\\s*(?i:https?://|www\\.)\\S*\\s*$|^\\s*[\\w-]+(\\.[\\w-]+)*\\.[a-zA-Z]{2,}(/\\S*)?\\s*$'), 'url',
        -- All but letters and digits is left out, by ranges of letters: the engine takes 9 ms to read what \pL is.
        length(brand) > 2 AND position(replaceRegexpAll(lowerUTF8(anchor), '[\\x00-/:-@\\[-`{-\\x{bf}\\x{300}-\\x{36f}\\x{2000}-\\x{2bff}\\x{2e00}-\\x{303f}\\x{fe00}-\\x{fe6f}\\x{ff00}-\\x{ff0f}\\x{1f000}-\\x{1faff}]', ''), brand) > 0, 'brand',
        'words'
    ) AS form, -- empty, url (an address), brand (holds the name of the target's domain) or words
    counted.links AS links, -- live links with it
    counted.referring_domains AS referring_domains, -- domains that use it
    counted.followed AS followed, -- of the links, those that are followed
    counted.links / sum(counted.links) OVER () AS share, -- of all live links of the target, 0 to 1
    counted.indirect AS indirect -- of the links, those that name pages elsewhere, which lead to the target
FROM
(
    SELECT
        anchor,
        sum(uses.links) AS links,
        uniqExact(cityHash64(source_domain)) AS referring_domains,
        sum(uses.followed) AS followed,
        sumIf(uses.links, uses.indirect = 1) AS indirect,
        replaceRegexpAll(splitByChar('.', {domain:String})[1], '[^a-z0-9]', '') AS brand
    FROM link_uses_of(domain = {domain:String}, under = {under:String}) AS uses
    GROUP BY anchor
) AS counted
