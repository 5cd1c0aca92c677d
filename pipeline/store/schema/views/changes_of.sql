-- What came, went and changed among the links to a target's pages, a row for each time: a link appeared (the
-- page was read before without it), was discovered (it was not, so the link may be older), was lost, with its
-- reason, or changed: its anchor, position or rel, or several of them. It happened after `after` (NULL where
-- that is not known) and by `at`. A link that was lost and came back tells of its first coming alone. Of a
-- registered domain, where the host and path of what is linked match `under` ('%' for all of it).
-- Cost: the links of that domain.
-- Version: 1
SELECT
    events.at AS at, -- by when it had happened: the first visit that told
    change, -- appeared, discovered, lost or changed
    reason, -- of a loss; of a change what changed: anchor, position, rel
    after, -- when it had not yet happened; NULL where that is not known
    events.source_domain AS source_domain,
    source_url,
    target_url,
    kind,
    anchor,
    position,
    rel, -- nofollow, ugc, sponsored, parted by spaces
    was, -- of a change what there was before
    kept.authority AS authority -- of source_domain, 0 to 100; NULL where it is unknown
FROM
(
    SELECT
        fromUnixTimestamp64Milli(toInt64(first_seen), 'UTC') AS at,
        if(not_before > 0, 'appeared', 'discovered') AS change,
        '' AS reason,
        if(not_before > 0, fromUnixTimestamp64Milli(toInt64(not_before), 'UTC'), NULL) AS after,
        source_domain,
        source_url,
        target_url,
        kind,
        anchor,
        position,
        arrayStringConcat(arrayFilter(r -> r != '', [if(nofollow = 1, 'nofollow', ''), if(ugc = 1, 'ugc', ''), if(sponsored = 1, 'sponsored', '')]), ' ') AS rel,
        '' AS was
    FROM link_states
    WHERE target_domain = {domain:String} AND concat(target_host, target_path) LIKE {under:String}
    UNION ALL
    SELECT
        ifNull(lost_by, last_seen) AS at,
        'lost' AS change,
        reason,
        if(lost_by IS NULL OR reason IN ('noindex', 'canonicalised'), counted_until, last_seen) AS after,
        source_domain,
        source_url,
        target_url,
        kind,
        anchor,
        position,
        arrayStringConcat(arrayFilter(r -> r != '', [if(nofollow = 1, 'nofollow', ''), if(ugc = 1, 'ugc', ''), if(sponsored = 1, 'sponsored', '')]), ' ') AS rel,
        '' AS was
    FROM backlinks(domain = {domain:String})
    WHERE state = 'lost'
        AND substring(target_url, position(target_url, '://') + 3) LIKE {under:String}
        AND (domain(target_url) = {domain:String} OR endsWith(domain(target_url), concat('.', {domain:String})))
        AND source_domain IN (SELECT source_domain FROM referrers WHERE target_domain = {domain:String} AND lost > 0)
    UNION ALL
    SELECT
        changed_by AS at,
        'changed' AS change,
        arrayStringConcat(what, ' ') AS reason,
        toNullable(changed_after) AS after,
        source_domain,
        source_url,
        target_url,
        kind,
        anchor_after AS anchor,
        position_after AS position,
        rel_after AS rel,
        arrayStringConcat(arrayMap(w -> multiIf(w = 'anchor', anchor_before, w = 'position', position_before, rel_before = '', 'followed', rel_before), what), ' · ') AS was
    FROM link_changes(domain = {domain:String})
    WHERE substring(target_url, position(target_url, '://') + 3) LIKE {under:String}
) AS events
LEFT ANY JOIN
(
    SELECT source_domain, authority
    FROM referrers FINAL
    WHERE target_domain = {domain:String}
) AS kept ON kept.source_domain = events.source_domain
