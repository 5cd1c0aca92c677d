-- What came, went and changed among the links to a target's pages, a row for each time: a link appeared (the
-- page was read before without it), was discovered (it was not, so the link may be older), was lost, with its
-- reason, or changed: its anchor, position or rel, or several of them. It happened after `after` (NULL where
-- that is not known) and by `at`. A link that was lost and came back tells of its first coming alone. Links that
-- get there by other pages come and go with the way too; what changed on them is not told. Of a registered
-- domain, where the host and path of what is linked, or of where that led, match `under` ('%' for all of it).
-- Cost: the links of that domain.
-- Version: 3
SELECT
    fromUnixTimestamp64Milli(toInt64(events.at), 'UTC') AS at, -- by when it had happened: the first visit that told
    change, -- appeared, discovered, lost or changed
    reason, -- of a loss, or way closed; of a coming way opened, or empty; of a change what changed: anchor, position, rel
    if(events.after > 0, fromUnixTimestamp64Milli(toInt64(events.after), 'UTC'), NULL) AS after, -- when it had not yet happened; NULL where that is not known
    events.source_domain AS source_domain,
    source_url,
    target_url,
    kind,
    anchor,
    position,
    arrayStringConcat(arrayFilter(r -> r != '', [if(bitAnd(events.rel, 1) > 0, 'nofollow', ''), if(bitAnd(events.rel, 2) > 0, 'ugc', ''), if(bitAnd(events.rel, 4) > 0, 'sponsored', '')]), ' ') AS rel, -- nofollow, ugc, sponsored, parted by spaces
    was, -- of a change what there was before
    kept.authority AS authority, -- of source_domain, 0 to 100; NULL where it is unknown
    indirect, -- 1 where the link got there by other pages, from target_url on
    end_url -- where it got to
FROM
(
    SELECT
        event.1 AS at,
        event.2 AS change,
        event.3 AS reason,
        event.4 AS after,
        source_domain,
        source_url,
        target_url,
        kind,
        anchor,
        position,
        toUInt8(nofollow + 2 * ugc + 4 * sponsored) AS rel,
        '' AS was,
        indirect,
        end_url
    FROM
    (
        SELECT
            *,
            arrayJoin(if(went > 0,
                [(came, if(came_after > 0, 'appeared', 'discovered'), came_by, came_after), (went, 'lost', went_by, went_after)],
                [(came, if(came_after > 0, 'appeared', 'discovered'), came_by, came_after)])) AS event
        FROM link_spans(domain = {domain:String}, under = {under:String}, named = 1)
    )
    UNION ALL
    SELECT
        toUInt64(toUnixTimestamp64Milli(changed_by)) AS at,
        'changed' AS change,
        arrayStringConcat(what, ' ') AS reason,
        toUInt64(toUnixTimestamp64Milli(changed_after)) AS after,
        source_domain,
        source_url,
        target_url,
        kind,
        anchor_after AS anchor,
        position_after AS position,
        toUInt8((position(rel_after, 'nofollow') > 0) + 2 * (position(rel_after, 'ugc') > 0) + 4 * (position(rel_after, 'sponsored') > 0)) AS rel,
        arrayStringConcat(arrayMap(w -> multiIf(w = 'anchor', anchor_before, w = 'position', position_before, rel_before = '', 'followed', rel_before), what), ' · ') AS was,
        0 AS indirect,
        target_url AS end_url
    FROM link_changes(domain = {domain:String})
    WHERE substring(target_url, position(target_url, '://') + 3) LIKE {under:String}
) AS events
LEFT ANY JOIN
(
    SELECT source_domain, authority
    FROM referrers FINAL
    WHERE target_domain = {domain:String}
) AS kept ON kept.source_domain = events.source_domain
