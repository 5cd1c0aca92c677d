-- To which registered domains a source links, or from which of its pages (`by`: domain or page), with how
-- many links. Of a registered domain, where the host and path of the page match `under` ('%' for all of it).
-- Cost: as outlinks_of; of a whole domain by domain the visits of its pages, and a row of `referrers` for each
-- domain that it links to.
-- Version: 2
SELECT
    counted.name AS name, -- registered domain that is linked, or host and path of the page
    toUInt32(counted.live) AS live, -- live links
    toUInt32(counted.lost) AS lost, -- lost links
    toUInt32(counted.unverified) AS unverified, -- unverified links
    toUInt32(counted.followed) AS followed, -- of the live links, followed
    toUInt32(counted.pages) AS pages, -- pages with a live link
    toUInt32(counted.target_pages) AS target_pages -- pages that are linked by live links
FROM
(
    SELECT
        target_domain AS name,
        live,
        lost,
        unverified,
        followed,
        pages,
        target_pages
    FROM referrers FINAL
    -- Whoever links to much is looked for in one column: FINAL would read all of them first.
    PREWHERE source_domain = {domain:String}
    WHERE {under:String} = '%' AND {by:String} = 'domain' AND target_domain IN
    (
        SELECT arrayJoin(target_domains)
        FROM page_links
        WHERE domain = {domain:String}
    )
    UNION ALL
    SELECT
        if({by:String} = 'domain', target_domain, page) AS name,
        countIf(state = 'live') AS live,
        countIf(state = 'lost') AS lost,
        countIf(state = 'unverified') AS unverified,
        countIf(state = 'live' AND nofollow + ugc + sponsored = 0) AS followed,
        uniqExactIf(page, state = 'live') AS pages,
        uniqExactIf(substring(target_url, position(target_url, '://') + 3), state = 'live') AS target_pages
    FROM outlinks_of(domain = {domain:String}, under = if({under:String} = '%' AND {by:String} = 'domain', '', {under:String}))
    GROUP BY name
) AS counted
