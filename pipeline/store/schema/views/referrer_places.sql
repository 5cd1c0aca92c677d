-- The domains with a live link to a target, or to a page that leads there, each with where it is: country,
-- language, address, network. Of a registered domain, where the host and path of what is linked, or of where that
-- leads, match `under` ('%' for all of it).
-- Cost: the rows of that domain in `referrers`; where `under` is not '%' that of link_uses_of too.
-- Version: 3
SELECT
    kept.source_domain AS source_domain,
    if(isIPv4String(source_domain) OR startsWith(source_domain, '['), '', splitByChar('.', source_domain)[-1]) AS tld, -- top-level domain; empty for an address
    kept.country AS country, -- ISO 3166 code, as the last snapshot has it, or by its ending; empty where that says none
    kept.language AS language, -- of the page with the best link; empty where it is not known
    kept.ip AS ip, -- address that served that page at the latest visit; empty where it is not known
    multiIf(
        isIPv4String(kept.ip), concat(IPv4NumToString(bitAnd(IPv4StringToNumOrDefault(kept.ip), 4294967040)), '/24'),
        isIPv6String(kept.ip), concat(cutIPv6(IPv6StringToNumOrDefault(kept.ip), 10, 0), '/48'),
        ''
    ) AS net, -- its /24, or its /48 of IPv6
    if({under:String} = '%', kept.links, counted.links) AS links, -- live links
    if({under:String} = '%', kept.followed, counted.followed) AS followed, -- of them followed
    kept.authority AS authority, -- of source_domain, 0 to 100; NULL where it is unknown
    if({under:String} = '%', kept.indirect, counted.indirect) AS indirect -- of the links, those that name pages elsewhere, which lead to the target
FROM
(
    SELECT
        source_domain,
        toUInt32(live + kept.indirect) AS links,
        toUInt32(kept.followed + indirect_followed) AS followed,
        kept.indirect AS indirect,
        ip,
        toString(language) AS language,
        toString(country) AS country,
        authority
    FROM referrers AS kept FINAL
    WHERE target_domain = {domain:String} AND live + kept.indirect > 0
) AS kept
LEFT ANY JOIN
(
    SELECT
        source_domain,
        toUInt32(sum(uses.links)) AS links,
        toUInt32(sum(uses.followed)) AS followed,
        toUInt32(sumIf(uses.links, uses.indirect = 1)) AS indirect
    -- Of the whole domain its rows in `referrers` tell: nobody has no links.
    FROM link_uses_of(domain = if({under:String} = '%', '', {domain:String}), under = {under:String}) AS uses
    GROUP BY source_domain
) AS counted ON counted.source_domain = kept.source_domain
WHERE links > 0
