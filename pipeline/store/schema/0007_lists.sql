-- What others say of links: lists of known backlinks, and web graphs. It is told apart from what was seen.

-- A link's mentions in lists stand beside its sightings, which go before them.
ALTER TABLE links ADD COLUMN IF NOT EXISTS listed SimpleAggregateFunction(max, UInt64) COMMENT 'latest mention in a list: at << 16 | source << 8 | position << 4 | rel';

ALTER TABLE links_from_records MODIFY QUERY
SELECT
    target_domain,
    domain AS source_domain,
    host AS source_host,
    path AS source_path,
    substring(rest, 1, slash - 1) AS target_host,
    substring(rest, slash) AS target_path,
    kind,
    at AS first_seen,
    if(source = 'list', 0, bitOr(bitShiftLeft(at, 16), bitOr(bitShiftLeft(CAST(source, 'Enum8(\'crawl\' = 1, \'warc\' = 2, \'wat\' = 3, \'list\' = 4)')::UInt64, 8), bitOr(bitShiftLeft(elsewhere::UInt64, 7), bitOr(bitShiftLeft(place::UInt64, 4), bitOr(bitShiftLeft(noindex::UInt64, 3), rel::UInt64)))))) AS seen,
    if(source = 'list', bitOr(bitShiftLeft(at, 16), bitOr(bitShiftLeft(4::UInt64, 8), bitOr(bitShiftLeft(place::UInt64, 4), rel::UInt64))), 0) AS listed,
    https AS source_https,
    startsWith(target, 'https:') AS target_https,
    -- A list's anchor is told where there is none of our own, whose weight is always greater.
    initializeAggregation('argMaxState', anchor, if(source = 'list', at, bitOr(bitShiftLeft(at, 16), cityHash64(anchor) % 65536))) AS anchor
FROM
(
    SELECT
        domain, host, path, https, at, source, noindex, target, target_domain, kind, rel, place, anchor,
        leads_by = 'canonical' AND kind NOT IN ('canonical', 'redirect') AS elsewhere,
        substring(target, position(target, '://') + 3) AS rest,
        position(rest, '/') AS slash
    FROM page_records
    ARRAY JOIN
        targets AS target,
        target_domains AS target_domain,
        kinds AS kind,
        rels AS rel,
        positions AS place,
        anchors AS anchor
);

ALTER TABLE link_context_from_records MODIFY QUERY
SELECT
    target_domain,
    domain AS source_domain,
    host AS source_host,
    path AS source_path,
    substring(rest, 1, slash - 1) AS target_host,
    substring(rest, slash) AS target_path,
    kind,
    at,
    text_before,
    text_after,
    ordinal,
    count
FROM
(
    SELECT
        domain, host, path, at, target, target_domain, kind, text_before, text_after, ordinal, count,
        substring(target, position(target, '://') + 3) AS rest,
        position(rest, '/') AS slash
    FROM page_records
    ARRAY JOIN
        targets AS target,
        target_domains AS target_domain,
        kinds AS kind,
        befores AS text_before,
        afters AS text_after,
        ordinals AS ordinal,
        counts AS count
    WHERE source != 'list'
);

-- A page that a list speaks of is asked for again where we looked at it before that.
ALTER TABLE frontier_from_links MODIFY QUERY
SELECT
    cityHash64(found_domain) % 1024 AS bucket,
    found_domain AS domain,
    substring(rest, 1, slash - 1) AS host,
    substring(rest, slash) AS path,
    startsWith(url, 'https:') AS https,
    toUInt32(intDiv(at, 1000)) AS discovered,
    found_hop AS hops,
    if(source = 'list', toUInt32(intDiv(at, 1000)), toUInt32(0)) AS wanted
FROM
(
    SELECT
        at, source, url, found_domain, found_hop,
        substring(url, position(url, '://') + 3) AS rest,
        position(rest, '/') AS slash
    FROM page_records
    ARRAY JOIN
        found AS url,
        found_domains AS found_domain,
        found_hops AS found_hop
);

-- Every link with its life told in columns. Ask it by target_domain: it reads only those rows.
CREATE OR REPLACE VIEW link_states AS
SELECT
    target_domain,
    source_domain,
    source_host,
    source_path,
    target_host,
    target_path,
    toString(kind) AS kind,
    concat(if(source_https = 1, 'https://', 'http://'), source_host, source_path) AS source_url,
    concat(if(target_https = 1, 'https://', 'http://'), target_host, target_path) AS target_url,
    multiIf(lost_epoch = epoch, 'lost', noindex = 1 OR elsewhere = 1, 'lost', doubt_epoch = epoch, 'unverified', seen = 0, 'unverified', 'live') AS state,
    multiIf(lost_epoch = epoch, transform(toUInt16(bitAnd(bitShiftRight(lost, 44), 65535)), [1, 2, 3, 4], ['removed', 'gone', 'redirected', 'redirected'], ''), noindex = 1, 'noindex', elsewhere = 1, 'canonicalised', doubt_epoch = epoch, transform(toUInt16(bitAnd(doubt, 65535)), [1, 5, 6, 7, 8, 9], ['incomplete', 'error', 'timeout', 'robots', 'blocked', 'refused'], ''), seen = 0, 'list', '') AS reason,
    first_seen,
    if(all_ones - bitShiftRight(absent_before, 64) = first_seen, toUInt64(bitAnd(absent_before, 18446744073709551615)), 0) AS not_before,
    sighting + if(seen = 0, 0, toUInt64(bitAnd(epoch, 1099511627775))) AS last_seen,
    if(lost_epoch = epoch, toUInt64(all_ones - toUInt128(bitAnd(lost, 17592186044415))), uncounted_since) AS lost_by,
    multiIf(seen = 0, 0, noindex = 1 OR elsewhere = 1, counted, last_seen) AS counted_until,
    bitAnd(told, 1) AS nofollow,
    bitAnd(bitShiftRight(told, 1), 1) AS ugc,
    bitAnd(bitShiftRight(told, 2), 1) AS sponsored,
    transform(toUInt8(bitAnd(bitShiftRight(told, 4), 7)), [0, 1, 2, 3, 4, 5], ['main', 'nav', 'header', 'footer', 'aside', 'comment'], '') AS position,
    transform(toUInt8(bitAnd(bitShiftRight(told, 8), 255)), [1, 2, 3, 4], ['crawl', 'warc', 'wat', 'list'], '') AS source,
    anchor
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
        min(first_seen) AS first_seen,
        max(seen) AS seen,
        max(listed) AS listed,
        -- What we saw ourselves goes before what a list says.
        if(seen > 0, seen, listed) AS told,
        max(confirmed) AS confirmed,
        max(doubt) AS doubt,
        max(lost) AS lost,
        max(absent_before) AS absent_before,
        max(uncounted) AS uncounted,
        max(source_https) AS source_https,
        max(target_https) AS target_https,
        argMaxMerge(anchor) AS anchor,
        toUInt128(17592186044415) AS all_ones,
        bitShiftRight(told, 16) AS sighting,
        bitAnd(bitShiftRight(told, 3), 1) AS noindex,
        bitAnd(bitShiftRight(told, 7), 1) AS elsewhere,
        -- Told of the latest sighting alone: one since has another answer.
        (noindex = 1 OR elsewhere = 1) AND bitShiftRight(uncounted, 84) = sighting AS is_uncounted,
        if(is_uncounted, toUInt64(bitAnd(bitShiftRight(uncounted, 40), all_ones)), 0) AS counted,
        if(counted > 0, toUInt64(sighting - toUInt64(bitAnd(uncounted, 1099511627775))), 0) AS uncounted_since,
        -- What a loss and a doubt are told of: the sighting with what confirmed it since; of a mention in
        -- a list, which is less than any sighting, its time and whether the page was read since.
        greatest(confirmed, bitShiftLeft(toUInt128(sighting), if(seen > 0, 84, 40))) AS epoch,
        toUInt128(bitShiftRight(lost, 128)) AS lost_epoch,
        toUInt128(bitShiftRight(doubt, 128)) AS doubt_epoch
    FROM links
    GROUP BY target_domain, source_domain, source_host, source_path, target_host, target_path, kind
    -- That a page links to a site, a list may say without the page it links to: until the page is read.
    HAVING told > 0 AND NOT (seen = 0 AND target_path = '/*' AND bitAnd(epoch, 1) = 1)
);

ALTER TABLE indirect_links ADD COLUMN IF NOT EXISTS listed SimpleAggregateFunction(max, UInt64) COMMENT 'as in links';

-- Every link by each domain where it ends or ever did, and by the one that it names. Ask it by target_domain.
CREATE OR REPLACE VIEW all_link_states AS
SELECT
    target_domain,
    named_domain,
    source_domain,
    source_host,
    source_path,
    named_host,
    named_path,
    toString(kind) AS kind,
    concat(if(source_https = 1, 'https://', 'http://'), source_host, source_path) AS source_url,
    concat(if(target_https = 1, 'https://', 'http://'), named_host, named_path) AS target_url,
    multiIf(lost_epoch = epoch, 'lost', noindex = 1 OR elsewhere = 1, 'lost', doubt_epoch = epoch, 'unverified', seen = 0, 'unverified', 'live') AS state,
    multiIf(lost_epoch = epoch, transform(toUInt16(bitAnd(bitShiftRight(lost, 44), 65535)), [1, 2, 3, 4], ['removed', 'gone', 'redirected', 'redirected'], ''), noindex = 1, 'noindex', elsewhere = 1, 'canonicalised', doubt_epoch = epoch, transform(toUInt16(bitAnd(doubt, 65535)), [1, 5, 6, 7, 8, 9], ['incomplete', 'error', 'timeout', 'robots', 'blocked', 'refused'], ''), seen = 0, 'list', '') AS reason,
    first_seen,
    if(all_ones - bitShiftRight(absent_before, 64) = first_seen, toUInt64(bitAnd(absent_before, 18446744073709551615)), 0) AS not_before,
    sighting + if(seen = 0, 0, toUInt64(bitAnd(epoch, 1099511627775))) AS last_seen,
    if(lost_epoch = epoch, toUInt64(all_ones - toUInt128(bitAnd(lost, 17592186044415))), uncounted_since) AS lost_by,
    multiIf(seen = 0, 0, noindex = 1 OR elsewhere = 1, counted, last_seen) AS counted_until,
    bitAnd(told, 1) AS nofollow,
    bitAnd(bitShiftRight(told, 1), 1) AS ugc,
    bitAnd(bitShiftRight(told, 2), 1) AS sponsored,
    transform(toUInt8(bitAnd(bitShiftRight(told, 4), 7)), [0, 1, 2, 3, 4, 5], ['main', 'nav', 'header', 'footer', 'aside', 'comment'], '') AS position,
    transform(toUInt8(bitAnd(bitShiftRight(told, 8), 255)), [1, 2, 3, 4], ['crawl', 'warc', 'wat', 'list'], '') AS source,
    anchor
FROM
(
    SELECT
        target_domain,
        named_domain,
        source_domain,
        source_host,
        source_path,
        named_host,
        named_path,
        kind,
        min(first_seen) AS first_seen,
        max(seen) AS seen,
        max(listed) AS listed,
        -- What we saw ourselves goes before what a list says.
        if(seen > 0, seen, listed) AS told,
        max(confirmed) AS confirmed,
        max(doubt) AS doubt,
        max(lost) AS lost,
        max(absent_before) AS absent_before,
        max(uncounted) AS uncounted,
        max(source_https) AS source_https,
        max(target_https) AS target_https,
        argMaxMerge(anchor) AS anchor,
        toUInt128(17592186044415) AS all_ones,
        bitShiftRight(told, 16) AS sighting,
        bitAnd(bitShiftRight(told, 3), 1) AS noindex,
        bitAnd(bitShiftRight(told, 7), 1) AS elsewhere,
        -- Told of the latest sighting alone: one since has another answer.
        (noindex = 1 OR elsewhere = 1) AND bitShiftRight(uncounted, 84) = sighting AS is_uncounted,
        if(is_uncounted, toUInt64(bitAnd(bitShiftRight(uncounted, 40), all_ones)), 0) AS counted,
        if(counted > 0, toUInt64(sighting - toUInt64(bitAnd(uncounted, 1099511627775))), 0) AS uncounted_since,
        -- What a loss and a doubt are told of: the sighting with what confirmed it since; of a mention in
        -- a list, which is less than any sighting, its time and whether the page was read since.
        greatest(confirmed, bitShiftLeft(toUInt128(sighting), if(seen > 0, 84, 40))) AS epoch,
        toUInt128(bitShiftRight(lost, 128)) AS lost_epoch,
        toUInt128(bitShiftRight(doubt, 128)) AS doubt_epoch
    FROM
    (
        SELECT target_domain, source_domain, source_host, source_path, target_domain AS named_domain, target_host AS named_host, target_path AS named_path, kind, first_seen, seen, listed, confirmed, doubt, lost, absent_before, uncounted, source_https, target_https, anchor
        FROM links
        UNION ALL
        SELECT target_domain, source_domain, source_host, source_path, named_domain, named_host, named_path, kind, first_seen, seen, listed, confirmed, doubt, lost, absent_before, uncounted, source_https, target_https, anchor
        FROM indirect_links
    )
    GROUP BY target_domain, source_domain, source_host, source_path, named_domain, named_host, named_path, kind
    -- That a page links to a site, a list may say without the page it links to: until the page is read.
    HAVING told > 0 AND NOT (seen = 0 AND named_path = '/*' AND bitAnd(epoch, 1) = 1)
);

-- Every backlink of a registered domain: SELECT * FROM backlinks(domain = 'example.org').
-- Links to its pages, and links to pages of others that lead to one of its pages. A lost link whose source
-- domain now links the same page from another one, or by another way, has moved.
CREATE OR REPLACE VIEW backlinks AS
SELECT
    source_domain,
    source_url,
    target_url,
    kind,
    state,
    if(state = 'lost' AND reason IN ('removed', 'gone', 'redirected') AND maxIf(first_seen, state = 'live') OVER (PARTITION BY source_domain, end_host, end_path) >= last_seen, 'moved', reason) AS reason,
    anchor,
    position,
    nofollow,
    ugc,
    sponsored,
    fromUnixTimestamp64Milli(toInt64(first_seen), 'UTC') AS first_seen,
    if(not_before > 0, fromUnixTimestamp64Milli(toInt64(not_before), 'UTC'), NULL) AS not_before,
    fromUnixTimestamp64Milli(toInt64(last_seen), 'UTC') AS last_seen,
    if(lost_by > 0, fromUnixTimestamp64Milli(toInt64(lost_by), 'UTC'), NULL) AS lost_by,
    source,
    if(counted_until > 0, fromUnixTimestamp64Milli(toInt64(counted_until), 'UTC'), NULL) AS counted_until,
    led AS indirect,
    end_url,
    via,
    arrayMap(hop -> toString(hop), hops) AS hops,
    hint,
    toString(fates.outcome) AS target_outcome,
    fates.status AS target_status,
    fates.outcome IN ('gone', 'unreachable') AS broken,
    if(broken, fromUnixTimestamp64Milli(toInt64(fates.since), 'UTC'), NULL) AS broken_since
FROM
(
    SELECT
        states.*,
        notEmpty(leads.via) AS led,
        if(led, leads.end_host, named_host) AS end_host,
        if(led, leads.end_path, named_path) AS end_path,
        if(led, concat(if(leads.end_https = 1, 'https://', 'http://'), leads.end_host, leads.end_path), target_url) AS end_url,
        leads.via AS via,
        leads.hops AS hops,
        leads.hint AS hint
    FROM
    (
        SELECT source_domain, named_domain, named_host, named_path, source_url, target_url, kind, state, reason, first_seen, not_before, last_seen, lost_by, counted_until, nofollow, ugc, sponsored, position, source, anchor
        FROM all_link_states
        WHERE target_domain = {domain:String}
    ) AS states
    LEFT ANY JOIN
    (
        SELECT domain, host, path, end_host, end_path, end_https, via, hops, hint
        FROM leads_in FINAL
        WHERE end_domain = {domain:String} AND active = 1 AND leads_on = ''
    ) AS leads ON leads.domain = states.named_domain AND leads.host = states.named_host AND leads.path = states.named_path
    -- What names another domain's page is here while that leads to this one.
    WHERE named_domain = {domain:String} OR led
) AS reached
LEFT ANY JOIN
(
    SELECT host, path, outcome, status, since
    FROM page_fates FINAL
    WHERE domain = {domain:String}
) AS fates ON fates.host = reached.end_host AND fates.path = reached.end_path;

-- Who links to a domain according to web graphs: whole domains, of which no page was seen.
CREATE TABLE graph_referrers
(
    target_domain String COMMENT 'registered domain that is linked',
    source_domain String COMMENT 'registered domain that links',
    graph LowCardinality(String) COMMENT 'name of the web graph',
    graphed SimpleAggregateFunction(max, UInt64) COMMENT 'date of the graph, ms since 1970',
    hosts SimpleAggregateFunction(max, UInt32) COMMENT 'hosts of the linking domain, 0 where the graph does not tell',
    harmonic_rank SimpleAggregateFunction(min, Nullable(UInt64)) COMMENT 'rank of the linking domain by harmonic centrality in that graph, 1 is best; NULL where it was not imported',
    pagerank_rank SimpleAggregateFunction(min, Nullable(UInt64)) COMMENT 'the same by PageRank'
)
ENGINE = AggregatingMergeTree
ORDER BY (target_domain, source_domain, graph)
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1;

-- The referring domains of a registered domain in web graphs, as the newest graph tells each:
-- SELECT * FROM graph_backlinks(domain = 'example.org'). Reads the rows of that target alone.
CREATE VIEW graph_backlinks AS
SELECT
    source_domain,
    argMax(named, (at, named)) AS graph,
    fromUnixTimestamp64Milli(toInt64(max(at)), 'UTC') AS graphed,
    argMax(hosts_then, (at, named)) AS hosts,
    tupleElement(argMax(tuple(harmonic_then), (at, named)), 1) AS harmonic_rank,
    tupleElement(argMax(tuple(pagerank_then), (at, named)), 1) AS pagerank_rank
FROM
(
    SELECT
        source_domain,
        toString(graph) AS named,
        max(graphed) AS at,
        max(hosts) AS hosts_then,
        min(harmonic_rank) AS harmonic_then,
        min(pagerank_rank) AS pagerank_then
    FROM graph_referrers
    WHERE target_domain = {domain:String}
    GROUP BY source_domain, graph
)
GROUP BY source_domain;
