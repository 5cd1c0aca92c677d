-- From where the domains with a live link to a target are: `by` is tld (top-level domain), country (as the
-- last snapshot has it, or by the domain's ending) or language (of the page with the best link). What is not
-- known has an empty name. Of a registered domain, where the host and path of what is linked match `under` ('%'
-- for all of it).
-- Cost: as referrer_places.
-- Version: 3
SELECT
    place, -- top-level domain, ISO 3166 code of the country, or language; empty where it is not known
    toUInt32(count()) AS referring_domains, -- referring domains with a live link
    if(place = '', NULL, referring_domains / nullIf(sum(if(place = '', 0, referring_domains)) OVER (), 0)) AS share, -- of those whose place is known, 0 to 1
    toUInt32(sum(one.links)) AS links, -- live links, with those to pages that lead to the target
    toUInt32(sum(one.followed)) AS followed, -- of them followed
    max(one.authority) AS authority, -- greatest of the referring domains
    toUInt32(sum(one.indirect)) AS indirect -- of the links, those that name pages elsewhere, which lead to the target
FROM
(
    SELECT
        multiIf({by:String} = 'tld', tld, {by:String} = 'country', country, {by:String} = 'language', language, '') AS place,
        links,
        followed,
        authority,
        indirect
    FROM referrer_places(domain = {domain:String}, under = {under:String})
) AS one
GROUP BY place
