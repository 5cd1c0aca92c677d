-- From when to when each link was a backlink of a target, a row for each time: one that names a page of it from
-- its first sighting until it was lost, and one that gets there by other pages while they lead there too. Of
-- what ended both, the first counts. A link that was lost and came back is told of its first coming alone.
-- Of a registered domain, where the host and path of what is linked, or of where that led, match `under` ('%'
-- for all of it); `named` = 0 leaves out the links that name a page of that domain.
-- Cost: the links of that domain, and the ways that lead there.
-- Version: 1
SELECT
    source_domain,
    source_url,
    target_url, -- what it names
    kind,
    anchor,
    position,
    nofollow,
    ugc,
    sponsored,
    NOT own AS indirect, -- 1 where it gets there by other pages
    span.1 AS came, -- by when it was one, ms since 1970
    span.2 AS came_after, -- when it was none yet; 0 where that is not known
    if(span.1 > first_seen, 'way opened', '') AS came_by, -- way opened: the link was there before; else empty
    span.3 AS went, -- by when it was none any more; 0 while it is one
    span.4 AS went_after, -- when it still was one; 0 where that is not known
    multiIf(span.3 = 0, '', span.3 != gone, 'way closed', moved, 'moved', reason) AS went_by, -- the reason of the loss; way closed: the link itself was still there
    if(own, target_url, span.5) AS end_url -- where it got to
FROM
(
    SELECT
        source_domain,
        source_url,
        target_url,
        kind,
        reason,
        anchor,
        position,
        nofollow,
        ugc,
        sponsored,
        first_seen,
        own,
        gone,
        -- As in `backlinks`: where the link's end is linked now from another page, or by another way.
        state = 'lost' AND reason IN ('removed', 'gone', 'redirected') AND maxIf(first_seen, state = 'live') OVER (PARTITION BY source_domain, end_host, end_path) >= last_seen AS moved,
        arrayJoin(if(own,
            [(toUInt64(first_seen), not_before, gone, stood, '')],
            arrayMap(
                t -> (toUInt64(greatest(first_seen, t.1)), greatest(not_before, t.2), if(gone = 0 OR (t.3 > 0 AND t.3 < gone), t.3, gone), multiIf(gone = 0, t.4, t.3 = 0, stood, least(stood, t.4)), t.5),
                arrayFilter(t -> (t.3 = 0 OR t.3 > first_seen) AND (gone = 0 OR t.1 <= first_seen OR t.1 < gone), times)
            ))) AS span
    FROM
    (
        SELECT
            states.*,
            named_domain = {domain:String} AND concat(named_host, named_path) LIKE {under:String} AS own,
            multiIf(state != 'lost', 0, lost_by > 0, lost_by, last_seen) AS gone,
            if(lost_by = 0 OR reason IN ('noindex', 'canonicalised'), counted_until, last_seen) AS stood,
            if(end.1 = '', named_host, end.1) AS end_host,
            if(end.1 = '', named_path, end.2) AS end_path,
            times
        FROM
        (
            SELECT source_domain, named_domain, named_host, named_path, source_url, target_url, kind, state, reason, first_seen, not_before, last_seen, lost_by, counted_until, nofollow, ugc, sponsored, position, anchor
            FROM all_link_states
            WHERE target_domain = {domain:String} AND ({named:UInt8} = 1 OR named_domain != {domain:String})
        ) AS states
        LEFT ANY JOIN
        (
            SELECT domain, host, path, end, arrayMap((o, c) -> (o.1, o.2, c.3, c.4, c.5), opens, closes) AS times
            FROM
            (
                SELECT
                    domain,
                    host,
                    path,
                    end,
                    -- From one of the pages that are asked for to another it neither came nor went.
                    arraySort(arrayFilter(s -> NOT has(spans.3, s.1), spans)) AS opens,
                    arraySort(s -> (s.3 = 0, s.3), arrayFilter(s -> NOT has(spans.1, s.3), spans)) AS closes
                FROM
                (
                    SELECT
                        domain,
                        host,
                        path,
                        anyIf((end_host, end_path), active = 1 AND leads_on = '') AS end,
                        groupArrayArrayIf(arrayMap((o, a, c, u) -> (o, a, c, u, concat(if(end_https = 1, 'https://', 'http://'), end_host, end_path)), opened, opened_after, closed, closed_after), concat(end_host, end_path) LIKE {under:String}) AS spans
                    FROM leads_in FINAL
                    WHERE end_domain = {domain:String}
                    GROUP BY domain, host, path
                )
            )
        ) AS ways ON ways.domain = states.named_domain AND ways.host = states.named_host AND ways.path = states.named_path
    )
)
