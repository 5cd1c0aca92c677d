-- What came and went among the backlinks of a target, a row for each time: a link appeared (the page was
-- read before without it), was discovered (it was not, so the link may be older) or was lost, with its
-- reason. It happened after `after` (NULL where that is not known) and by `at`. A link that was lost and came
-- back tells of its first coming alone. Of a registered domain, where the host and path of what is linked
-- match `under` ('%' for all of it).
-- Cost: the links of that domain.
-- Version: 1
SELECT
    at, -- by when it had happened: the first visit that told
    change, -- appeared, discovered or lost
    reason,
    after, -- when it had not yet happened; NULL where that is not known
    events.source_domain AS source_domain,
    source_url,
    target_url,
    kind,
    state,
    anchor,
    position,
    nofollow,
    ugc,
    sponsored,
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
        state,
        anchor,
        position,
        nofollow,
        ugc,
        sponsored
    FROM link_states
    WHERE target_domain = {domain:String} AND concat(target_host, target_path) LIKE {under:String}
    UNION ALL
    SELECT
        ifNull(lost_by, last_seen) AS at,
        'lost' AS change,
        reason,
        last_seen AS after,
        source_domain,
        source_url,
        target_url,
        kind,
        state,
        anchor,
        position,
        nofollow,
        ugc,
        sponsored
    FROM backlinks(domain = {domain:String})
    WHERE state = 'lost'
        AND substring(target_url, position(target_url, '://') + 3) LIKE {under:String}
        AND source_domain IN (SELECT source_domain FROM referrers WHERE target_domain = {domain:String} AND lost > 0)
) AS events
LEFT ANY JOIN
(
    SELECT source_domain, authority
    FROM referrers FINAL
    WHERE target_domain = {domain:String}
) AS kept ON kept.source_domain = events.source_domain
