-- The anchor texts of a target's live links, a row for each domain that uses one: of a registered domain,
-- where the host and path of what is linked match `under` ('%' for all of it).
-- Cost: the rows of that domain in `referrers`, and the links of those referring domains that use ten texts
-- or more, or have followed links beside others; where `under` is not '%' all links of the domain.
-- Version: 1
SELECT
    source_domain, -- registered domain that links
    use.anchor AS anchor, -- anchor text, empty where there is none
    use.links AS links, -- live links with it
    if(referrers.followed = 0, 0, use.links) AS followed -- of them followed
FROM referrers FINAL
ARRAY JOIN anchors AS use
WHERE {under:String} = '%' AND target_domain = {domain:String} AND live > 0 AND length(referrers.anchors) < 10 AND referrers.followed IN (0, live)
UNION ALL
SELECT
    source_domain,
    anchor,
    toUInt32(count()) AS links,
    toUInt32(countIf(nofollow + ugc + sponsored = 0)) AS followed
FROM link_states
WHERE target_domain = {domain:String} AND state = 'live' AND concat(target_host, target_path) LIKE {under:String}
    AND ({under:String} != '%' OR source_domain IN
    (
        SELECT source_domain
        FROM referrers FINAL
        WHERE {under:String} = '%' AND target_domain = {domain:String} AND live > 0 AND NOT (length(anchors) < 10 AND followed IN (0, live))
    ))
GROUP BY source_domain, anchor
