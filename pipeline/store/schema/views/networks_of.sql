-- How the domains with a live link to a target are spread over networks: `by` is ip, net (/24 of IPv4, /48
-- of IPv6) or owner (whose platform a domain is on, or itself). What is not known has an empty name. Of a
-- registered domain, where the host and path of what is linked match `under` ('%' for all of it).
-- Cost: as referrer_places.
-- Version: 2
SELECT
    network, -- address, network or owner; empty where it is not known
    toUInt32(count()) AS referring_domains, -- referring domains with a live link
    if(network = '', NULL, referring_domains / nullIf(sum(if(network = '', 0, referring_domains)) OVER (), 0)) AS share, -- of those whose network is known, 0 to 1
    toUInt32(sum(one.links)) AS links, -- live links, with those to pages that lead to the target
    toUInt32(sum(one.followed)) AS followed, -- of them followed
    max(one.authority) AS authority, -- greatest of the referring domains
    -- So many networks of one size would be as concentrated as these.
    pow(sum(if(network = '', 0, referring_domains)) OVER (), 2) / nullIf(sum(if(network = '', 0, pow(referring_domains, 2))) OVER (), 0) AS effective, -- so many networks of one size would be as concentrated; the same in every row
    toUInt32(sum(one.indirect)) AS indirect -- of the links, those that name pages elsewhere, which lead to the target
FROM
(
    SELECT
        multiIf(
            {by:String} = 'ip', places.ip,
            {by:String} = 'net', places.net,
            {by:String} != 'owner', '',
            owners.owner = '', places.source_domain,
            owners.owner
        ) AS network,
        links,
        followed,
        authority,
        indirect
    FROM referrer_places(domain = {domain:String}, under = {under:String}) AS places
    LEFT ANY JOIN
    (
        SELECT suffix, owner
        FROM platforms
        WHERE {by:String} = 'owner'
    ) AS owners ON owners.suffix = substring(places.source_domain, position(places.source_domain, '.') + 1)
) AS one
GROUP BY network
