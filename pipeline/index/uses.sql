-- How the live links of some large targets are used, where they end, and in which hours links came, went and changed:
-- of the pairs of domains that were just rolled up (referrers.sql), and of those of domains of which something was
-- erased, or with `whole` of all their pairs; one of so many `pieces`, by the domain that links. What a row tells that
-- was made before and is not so any more becomes empty. A pure function of `links`, `indirect_links`, `leads_in` and
-- `link_looks`; of events it tells what the view change_counts_of does, of a whole domain.
-- Cost: the links of those pairs, some 5 s of a core a million; two columns of their rows in `referrers`.
INSERT INTO link_uses
WITH
    pairs AS
    (
        SELECT DISTINCT target_domain, source_domain
        FROM referrers
        WHERE {whole:UInt8} = 0 AND target_domain IN {targets:Array(String)} AND (written = {written:UInt64} OR source_domain IN {domains:Array(String)} OR target_domain IN {domains:Array(String)})
        UNION DISTINCT
        SELECT DISTINCT target_domain, source_domain
        FROM link_uses
        WHERE {whole:UInt8} = 0 AND target_domain IN {targets:Array(String)}
            AND (source_domain IN {domains:Array(String)} OR target_domain IN {domains:Array(String)} OR ({erased:UInt8} = 1 AND arrayExists(end -> end != '', ends)))
    ),
    ways AS
    (
        SELECT end_domain, domain, host, path, end_host, end_path, end_https
        FROM leads_in FINAL
        WHERE end_domain IN {targets:Array(String)} AND active = 1 AND leads_on = '' AND notEmpty(via)
    ),
    -- From when to when each link was a backlink: as the view link_spans has it.
    lives AS
    (
        SELECT
            target_domain,
            source_domain,
            NOT own AS indirect,
            span.1 AS came,
            span.2 AS came_after,
            span.3 AS went,
            span.4 AS went_after,
            multiIf(span.3 = 0, '', span.3 != gone, 'way closed', moved, 'moved', reason) AS went_by
        FROM
        (
            SELECT
                target_domain,
                source_domain,
                own,
                gone,
                reason,
                state = 'lost' AND reason IN ('removed', 'gone', 'redirected') AND maxIf(first_seen, state = 'live') OVER (PARTITION BY target_domain, source_domain, end_host, end_path) >= last_seen AS moved,
                arrayJoin(if(own,
                    [(toUInt64(first_seen), not_before, gone, stood)],
                    arrayMap(
                        t -> (toUInt64(greatest(first_seen, t.1)), greatest(not_before, t.2), if(gone = 0 OR (t.3 > 0 AND t.3 < gone), t.3, gone), multiIf(gone = 0, t.4, t.3 = 0, stood, least(stood, t.4))),
                        arrayFilter(t -> (t.3 = 0 OR t.3 > first_seen) AND (gone = 0 OR t.1 <= first_seen OR t.1 < gone), times)
                    ))) AS span
            FROM
            (
                SELECT
                    states.*,
                    named_domain = target_domain AS own,
                    multiIf(state != 'lost', 0, lost_by > 0, lost_by, last_seen) AS gone,
                    if(lost_by = 0 OR reason IN ('noindex', 'canonicalised'), counted_until, last_seen) AS stood,
                    if(known.end.1 = '', named_host, known.end.1) AS end_host,
                    if(known.end.1 = '', named_path, known.end.2) AS end_path,
                    known.times AS times
                FROM
                (
                    SELECT target_domain, source_domain, named_domain, named_host, named_path, state, reason, first_seen, not_before, last_seen, lost_by, counted_until
                    FROM all_link_states
                    WHERE target_domain IN {targets:Array(String)} AND cityHash64(source_domain) % {pieces:UInt32} = {piece:UInt32} AND ({whole:UInt8} = 1 OR (target_domain, source_domain) IN (SELECT target_domain, source_domain FROM pairs))
                ) AS states
                LEFT ANY JOIN
                (
                    SELECT end_domain, domain, host, path, end, arrayMap((o, c) -> (o.1, o.2, c.3, c.4), opens, closes) AS times
                    FROM
                    (
                        SELECT
                            end_domain,
                            domain,
                            host,
                            path,
                            end,
                            -- From one of the target's pages to another it neither came nor went.
                            arraySort(arrayFilter(s -> NOT has(spans.3, s.1), spans)) AS opens,
                            arraySort(s -> (s.3 = 0, s.3), arrayFilter(s -> NOT has(spans.1, s.3), spans)) AS closes
                        FROM
                        (
                            SELECT
                                end_domain,
                                domain,
                                host,
                                path,
                                anyIf((end_host, end_path), active = 1 AND leads_on = '') AS end,
                                groupArrayArray(arrayMap((o, a, c, u) -> (o, a, c, u), opened, opened_after, closed, closed_after)) AS spans
                            FROM leads_in FINAL
                            WHERE end_domain IN {targets:Array(String)}
                            GROUP BY end_domain, domain, host, path
                        )
                    )
                ) AS known ON known.end_domain = states.target_domain AND known.domain = states.named_domain AND known.host = states.named_host AND known.path = states.named_path
            )
        )
    ),
    events AS
    (
        SELECT
            target_domain,
            source_domain,
            toUInt32(intDiv(event.1, 3600000)) AS hour,
            event.2 AS change,
            event.3 AS reason,
            toUInt32(count()) AS times
        FROM
        (
            SELECT
                target_domain,
                source_domain,
                arrayJoin(arrayConcat(
                    groupArray((came, multiIf(indirect, 'indirect', came_after > 0, 'appeared', 'discovered'), '')),
                    groupArrayIf((went, if(indirect, 'lost indirect', 'lost'), went_by), went > 0),
                    -- Of links that never counted it is not known when they went: they tell where no other does.
                    [(minIf(came, NOT indirect), 'gained domain', ''), (multiIf(minIf(went, NOT indirect) = 0, 0, maxIf(went_after, NOT indirect) = 0, maxIf(went, NOT indirect), maxIf(went, NOT indirect AND went_after > 0)), 'lost domain', '')])) AS event
            FROM lives
            GROUP BY target_domain, source_domain
            UNION ALL
            SELECT target_domain, source_domain, (change.2.1, 'changed', '') AS event
            FROM
            (
                -- As the view link_changes has it.
                SELECT
                    target_domain,
                    source_domain,
                    arraySort(arrayDistinct(groupArrayArray([(first_seen, look), (last_seen, look)]))) AS sightings,
                    arrayJoin(arrayFilter(c -> c.1.2 != c.2.2 AND c.1.1 < c.2.1, arrayZip(arrayPopBack(sightings), arrayPopFront(sightings)))) AS change
                FROM
                (
                    SELECT
                        target_domain,
                        source_domain,
                        source_host,
                        source_path,
                        target_host,
                        target_path,
                        kind,
                        (anchor, position, rel) AS look,
                        min(link_looks.first_seen) AS first_seen,
                        max(link_looks.last_seen) AS last_seen
                    FROM link_looks
                    WHERE target_domain IN {targets:Array(String)} AND cityHash64(source_domain) % {pieces:UInt32} = {piece:UInt32} AND ({whole:UInt8} = 1 OR (target_domain, source_domain) IN (SELECT target_domain, source_domain FROM pairs))
                    GROUP BY target_domain, source_domain, source_host, source_path, target_host, target_path, kind, anchor, position, rel
                )
                GROUP BY target_domain, source_domain, source_host, source_path, target_host, target_path, kind
                HAVING count() > 1
            )
        )
        WHERE event.1 > 0
        GROUP BY target_domain, source_domain, hour, change, reason
    ),
    uses AS
    (
        SELECT
            target_domain,
            source_domain,
            -- Of a pair with as many as a site can have no row may grow as it does.
            toUInt8(if((target_domain, source_domain) IN (SELECT target_domain, source_domain FROM referrers WHERE target_domain IN {targets:Array(String)} AND live + indirect > {most:UInt32}), cityHash64(anchor, page, end) % 64, 0)) AS part,
            anchor,
            if(named_domain = target_domain, concat(named_host, named_path), '') AS page,
            concat(ways.end_host, ways.end_path) AS end,
            max(named_domain = target_domain AND startsWith(target_url, 'https:')) AS https,
            any(ways.end_https) AS end_https,
            toUInt32(count()) AS links,
            toUInt32(countIf(nofollow + ugc + sponsored = 0)) AS followed,
            toUInt32(0) AS hour,
            'appeared' AS change,
            '' AS reason,
            toUInt32(0) AS times
        FROM
        (
            SELECT target_domain, source_domain, named_domain, named_host, named_path, target_url, nofollow, ugc, sponsored, anchor
            FROM all_link_states
            WHERE state = 'live' AND target_domain IN {targets:Array(String)} AND cityHash64(source_domain) % {pieces:UInt32} = {piece:UInt32} AND ({whole:UInt8} = 1 OR (target_domain, source_domain) IN (SELECT target_domain, source_domain FROM pairs))
        ) AS states
        LEFT ANY JOIN ways ON ways.end_domain = states.target_domain AND ways.domain = states.named_domain AND ways.host = states.named_host AND ways.path = states.named_path
        WHERE named_domain = target_domain OR end != ''
        GROUP BY target_domain, source_domain, anchor, page, end
        UNION ALL
        SELECT target_domain, source_domain, 0, '', '', '', 0, 0, 0, 0, hour, change, reason, times
        FROM events
        UNION ALL
        SELECT DISTINCT target_domain, source_domain, part, '', '', '', 0, 0, 0, 0, 0, 'appeared', '', 0
        FROM link_uses
        WHERE target_domain IN {targets:Array(String)} AND cityHash64(source_domain) % {pieces:UInt32} = {piece:UInt32} AND ({whole:UInt8} = 1 OR (target_domain, source_domain) IN (SELECT target_domain, source_domain FROM pairs))
    )
SELECT
    target_domain,
    source_domain,
    part,
    {written:UInt64},
    arrayMap(use -> use.1, arraySort(groupArrayIf((anchor, page, end, https, end_https, links, followed), links > 0)) AS sorted),
    arrayMap(use -> use.2, sorted),
    arrayMap(use -> use.4, sorted),
    arrayMap(use -> use.6, sorted),
    arrayMap(use -> use.7, sorted),
    arrayMap(use -> use.3, sorted),
    arrayMap(use -> use.5, sorted),
    arrayMap(event -> event.1, arraySort(groupArrayIf((hour, change, reason, times), times > 0)) AS happened),
    arrayMap(event -> event.2, happened),
    arrayMap(event -> event.3, happened),
    arrayMap(event -> event.4, happened)
FROM uses
GROUP BY target_domain, source_domain, part
