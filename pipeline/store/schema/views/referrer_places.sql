-- The domains with a live link to a target, each with where it is: country, language, address, network.
-- Of a registered domain, where the host and path of what is linked match `under` ('%' for all of it).
-- Cost: the rows of that domain in `referrers`; where `under` is not '%' its links too.
-- Version: 1
SELECT
    kept.source_domain AS source_domain,
    if(isIPv4String(source_domain) OR startsWith(source_domain, '['), '', splitByChar('.', source_domain)[-1]) AS tld, -- top-level domain; empty for an address
    -- By the domain's ending, where that says a country: not those that are sold to everybody.
    multiIf(
        tld IN ('ac', 'ad', 'ai', 'as', 'bz', 'cc', 'cd', 'cf', 'co', 'dj', 'eu', 'fm', 'ga', 'gg', 'gq', 'io', 'la', 'ly', 'me', 'ml', 'ms', 'nu', 'pw', 'sc', 'sh', 'so', 'sr', 'st', 'su', 'tk', 'to', 'tv', 'vc', 'ws'), '',
        length(tld) = 2 AND tld != 'uk', upper(tld),
        transform(
            tld,
            ['xn--2scrj9c', 'xn--3e0b707e', 'xn--3hcrj9c', 'xn--45br5cyl', 'xn--45brj9c', 'xn--4dbrk0ce', 'xn--54b7fta0cc', 'xn--80ao21a', 'xn--90a3ac', 'xn--90ae', 'xn--90ais', 'xn--clchc0ea0b2g2a9gcd', 'xn--d1alf', 'xn--fiqs8s', 'xn--fiqz9s', 'xn--fpcrj9c3d', 'xn--fzc2c9e2c', 'xn--gecrj9c', 'xn--h2breg3eve', 'xn--h2brj9c', 'xn--h2brj9c8c', 'xn--j1amh', 'xn--j6w193g', 'xn--kprw13d', 'xn--kpry57d', 'xn--l1acc', 'xn--lgbbat1ad8j', 'xn--mgb2ddes', 'xn--mgb9awbf', 'xn--mgba3a4f16a', 'xn--mgba3a4fra', 'xn--mgbaam7a8h', 'xn--mgbah1a3hjkrd', 'xn--mgbai9a5eva00b', 'xn--mgbai9azgqp6j', 'xn--mgbayh7gpa', 'xn--mgbbh1a', 'xn--mgbbh1a71e', 'xn--mgbc0a9azcg', 'xn--mgbcpq6gpa1a', 'xn--mgberp4a5d4a87g', 'xn--mgberp4a5d4ar', 'xn--mgbgu82a', 'xn--mgbpl2fh', 'xn--mgbqly7c0a67fbc', 'xn--mgbqly7cvafr', 'xn--mgbtf8fl', 'xn--mgbtx2b', 'xn--mgbx4cd0ab', 'xn--mix082f', 'xn--mix891f', 'xn--nnx388a', 'xn--node', 'xn--o3cw4h', 'xn--ogbpf8fl', 'xn--p1ai', 'xn--pgbs0dh', 'xn--q7ce6a', 'xn--qxam', 'xn--rvc1e0am3e', 'xn--s9brj9c', 'xn--wgbh1c', 'xn--wgbl6a', 'xn--xkc2al3hye2a', 'xn--xkc2dl3a5ee0h', 'xn--y9a3aq', 'xn--yfro4i67o', 'xn--ygbi2ammx', 'uk'],
            ['IN', 'KR', 'IN', 'IN', 'IN', 'IL', 'BD', 'KZ', 'RS', 'BG', 'BY', 'SG', 'MK', 'CN', 'CN', 'IN', 'LK', 'IN', 'IN', 'IN', 'IN', 'UA', 'HK', 'TW', 'TW', 'MN', 'DZ', 'YE', 'OM', 'IR', 'IR', 'AE', 'MR', 'PK', 'PK', 'JO', 'IN', 'IN', 'MA', 'BH', 'SA', 'SA', 'IN', 'SD', 'SA', 'SA', 'SY', 'IQ', 'MY', 'MO', 'MO', 'TW', 'GE', 'TH', 'SY', 'RU', 'TN', 'LA', 'GR', 'IN', 'IN', 'EG', 'QA', 'LK', 'IN', 'AM', 'SG', 'PS', 'GB'],
            ''
        )
    ) AS country, -- ISO 3166 code, by the top-level domain; empty where that says none
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
    SELECT source_domain, live, followed, ip, toString(language) AS language, authority
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
