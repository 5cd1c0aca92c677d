-- The domains with a live link to a target, each with where it is: country, language, address, network.
-- Of a registered domain, where the host and path of what is linked match `under` ('%' for all of it).
-- Cost: the rows of that domain in `referrers`; where `under` is not '%' its links too.
-- Version: 2
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
    if({under:String} = '%', kept.live, counted.links) AS links, -- live links
    if({under:String} = '%', kept.followed, counted.followed) AS followed, -- of them followed
    kept.authority AS authority -- of source_domain, 0 to 100; NULL where it is unknown
FROM
(
    SELECT source_domain, live, followed, ip, toString(language) AS language, toString(country) AS country, authority
    FROM referrers FINAL
    WHERE target_domain = {domain:String} AND live > 0
) AS kept
LEFT ANY JOIN
(
    SELECT
        source_domain,
        toUInt32(count()) AS links,
        toUInt32(countIf(nofollow + ugc + sponsored = 0)) AS followed
    FROM link_states
    WHERE {under:String} != '%' AND target_domain = {domain:String} AND concat(target_host, target_path) LIKE {under:String} AND state = 'live'
    GROUP BY source_domain
) AS counted ON counted.source_domain = kept.source_domain
WHERE links > 0
