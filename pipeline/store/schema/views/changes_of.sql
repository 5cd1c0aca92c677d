-- What came, went and changed among the links to a target's pages, a row for each time: a link appeared (the
-- page was read before without it), was discovered (it was not, so the link may be older), was lost, with its
-- reason, or changed: its anchor, position or rel, or several of them. It happened after `after` (NULL where
-- that is not known) and by `at`. A link that was lost and came back tells of its first coming alone. Of a
-- registered domain, where the host and path of what is linked match `under` ('%' for all of it).
-- Cost: the links of that domain.
-- Version: 2
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
        fromUnixTimestamp64Milli(toInt64(event.1), 'UTC') AS at,
        event.2 AS change,
        event.3 AS reason,
        if(event.4 > 0, fromUnixTimestamp64Milli(toInt64(event.4), 'UTC'), NULL) AS after,
        source_domain,
        source_url,
        target_url,
        kind,
        anchor,
        position,
        arrayStringConcat(arrayFilter(r -> r != '', [if(nofollow = 1, 'nofollow', ''), if(ugc = 1, 'ugc', ''), if(sponsored = 1, 'sponsored', '')]), ' ') AS rel,
        '' AS was
    FROM
    (
        SELECT
            *,
            -- As in `backlinks`: where the link's end is linked now from another page, or by another way.
            state = 'lost' AND states.reason IN ('removed', 'gone', 'redirected')
                AND maxIf(states.first_seen, state = 'live') OVER (PARTITION BY source_domain, if(empty(ways.via), named_host, ways.end_host), if(empty(ways.via), named_path, ways.end_path)) >= last_seen AS moved,
            arrayJoin(if(state = 'lost',
                [(states.first_seen, if(not_before > 0, 'appeared', 'discovered'), '', not_before), (if(lost_by > 0, lost_by, last_seen), 'lost', if(moved, 'moved', toString(states.reason)), if(lost_by = 0 OR states.reason IN ('noindex', 'canonicalised'), counted_until, last_seen))],
                [(states.first_seen, if(not_before > 0, 'appeared', 'discovered'), '', not_before)])) AS event
        FROM
        (
            SELECT source_domain, named_domain, named_host, named_path, source_url, target_url, kind, state, reason, first_seen, not_before, last_seen, lost_by, counted_until, nofollow, ugc, sponsored, position, anchor
            FROM all_link_states
            WHERE target_domain = {domain:String}
        ) AS states
        LEFT ANY JOIN
        (
            SELECT domain, host, path, end_host, end_path, via
            FROM leads_in FINAL
            WHERE end_domain = {domain:String} AND active = 1 AND leads_on = ''
        ) AS ways ON ways.domain = states.named_domain AND ways.host = states.named_host AND ways.path = states.named_path
        WHERE named_domain = {domain:String} OR notEmpty(ways.via)
    )
    WHERE named_domain = {domain:String} AND concat(named_host, named_path) LIKE {under:String}
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
