-- From where the domains with a live link to a target are: `by` is tld (top-level domain), country (as the
-- top-level domain tells, where it does) or language (of the page with the best link). What is not known
-- has an empty name. Of a registered domain, where the host and path of what is linked match `under` ('%'
-- for all of it).
-- Cost: as referrer_places.
-- Version: 1
SELECT
    place,
    toUInt32(count()) AS domains,
    if(place = '', NULL, domains / nullIf(sum(if(place = '', 0, domains)) OVER (), 0)) AS share,
    toUInt32(sum(links)) AS live,
    toUInt32(sum(one.followed)) AS followed,
    max(one.authority) AS authority
FROM
(
    SELECT
        multiIf({by:String} = 'tld', tld, {by:String} = 'country', country, {by:String} = 'language', language, '') AS place,
        links,
        followed,
        authority
    FROM referrer_places(domain = {domain:String}, under = {under:String})
) AS one
GROUP BY place
