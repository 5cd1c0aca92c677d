-- Version 1 of the index: links by target and by source, pages, the frontier, snapshots.
-- Times are ms since 1970, UTC, in UInt64, but for the frontier's seconds. Packed integers hold a
-- time in their upper bits so that `max` keeps the newest: merged in any order, any number of times,
-- they come to the same.

-- Every external link, by its target. One row a link: source page, target page, kind.
CREATE TABLE links
(
    target_domain String COMMENT 'registered domain of the target',
    source_domain String COMMENT 'registered domain of the page',
    source_host String COMMENT 'host of the page, with a port that is not default',
    source_path String COMMENT 'path and query of the page',
    target_host String,
    target_path String,
    kind Enum8('a' = 1, 'area' = 2, 'img-link' = 3, 'iframe' = 4, 'form' = 5, 'canonical' = 6, 'redirect' = 7, 'alternate' = 8, 'next' = 9, 'prev' = 10),
    first_seen SimpleAggregateFunction(min, UInt64) DEFAULT 18446744073709551615 COMMENT 'earliest visit with the link',
    seen SimpleAggregateFunction(max, UInt64) COMMENT 'latest sighting: at << 16 | source << 8 | position << 4 | noindex << 3 | rel',
    confirmed SimpleAggregateFunction(max, UInt128) COMMENT 'sighting << 64 | latest 304 that confirms it',
    doubt SimpleAggregateFunction(max, UInt128) COMMENT 'sighting << 64 | latest of two or more failed visits << 16 | outcome',
    absent SimpleAggregateFunction(max, UInt128) COMMENT 'sighting << 64 | (2^44 - 1 - first visit without it)',
    lost SimpleAggregateFunction(max, UInt128) COMMENT 'sighting << 80 | (2^44 - 1 - visit that proved the loss) << 16 | reason',
    absent_before SimpleAggregateFunction(max, UInt128) COMMENT '(2^44 - 1 - first_seen) << 64 | last complete visit without it before',
    source_https SimpleAggregateFunction(max, UInt8),
    target_https SimpleAggregateFunction(max, UInt8),
    anchor AggregateFunction(argMax, String, UInt64) COMMENT 'anchor text at the latest sighting'
)
ENGINE = AggregatingMergeTree
ORDER BY (target_domain, source_domain, source_host, source_path, target_host, target_path, kind)
SETTINGS index_granularity = 1024, fsync_after_insert = 1;

-- The text around a link at its latest sighting.
CREATE TABLE link_context
(
    target_domain String,
    source_domain String,
    source_host String,
    source_path String,
    target_host String,
    target_path String,
    kind Enum8('a' = 1, 'area' = 2, 'img-link' = 3, 'iframe' = 4, 'form' = 5, 'canonical' = 6, 'redirect' = 7, 'alternate' = 8, 'next' = 9, 'prev' = 10),
    at UInt64 COMMENT 'visit',
    text_before String,
    text_after String,
    ordinal UInt16 COMMENT 'place among the links of the page, from 0',
    count UInt16 COMMENT 'how often the target stands on the page'
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (target_domain, source_domain, source_host, source_path, target_host, target_path, kind)
SETTINGS fsync_after_insert = 1;

-- Every visit of every page with the links that it had, by source.
CREATE TABLE page_links
(
    domain String,
    host String,
    path String,
    at UInt64 COMMENT 'visit',
    source Enum8('crawl' = 1, 'warc' = 2, 'wat' = 3, 'list' = 4),
    part UInt16,
    parts UInt16,
    outcome Enum8('ok' = 1, 'not_modified' = 2, 'redirect' = 3, 'gone' = 4, 'error' = 5, 'timeout' = 6, 'robots' = 7, 'blocked' = 8, 'refused' = 9, 'skipped' = 10),
    status UInt16,
    complete UInt8,
    incomplete LowCardinality(String) COMMENT 'why the visit is no evidence',
    extractor UInt16,
    noindex UInt8,
    https UInt8,
    final_url String,
    targets Array(String),
    target_domains Array(String),
    kinds Array(Enum8('a' = 1, 'area' = 2, 'img-link' = 3, 'iframe' = 4, 'form' = 5, 'canonical' = 6, 'redirect' = 7, 'alternate' = 8, 'next' = 9, 'prev' = 10))
)
ENGINE = ReplacingMergeTree
ORDER BY (domain, host, path, at, source, part)
SETTINGS index_granularity = 128, fsync_after_insert = 1;

-- Every page, as its latest visits left it.
CREATE TABLE pages
(
    domain String,
    host String,
    path String,
    first_visit SimpleAggregateFunction(min, UInt64),
    last_visit SimpleAggregateFunction(max, UInt64),
    last_complete SimpleAggregateFunction(max, UInt64) COMMENT '0 where no visit was complete',
    https SimpleAggregateFunction(max, UInt8),
    visit AggregateFunction(argMax, Tuple(outcome String, status UInt16, incomplete String, final_url String, ip String, latency_ms UInt32), UInt64),
    content AggregateFunction(argMaxIf, Tuple(title String, language String, terms Array(String), canonical String, noindex UInt8, nofollow UInt8, internal UInt32, external UInt32, bytes UInt32), UInt64, UInt8),
    validators AggregateFunction(argMaxIf, Tuple(etag String, last_modified String, digest String, interval_s UInt32), UInt64, UInt8)
)
ENGINE = AggregatingMergeTree
ORDER BY (domain, host, path)
SETTINGS fsync_after_insert = 1;

-- Every URL known and when it is due. Seconds since 1970.
CREATE TABLE frontier
(
    bucket UInt16 COMMENT 'cityHash64(domain) % 1024: a plan reads some of them',
    domain String,
    host String,
    path String,
    https SimpleAggregateFunction(max, UInt8),
    discovered SimpleAggregateFunction(min, UInt32) DEFAULT 4294967295,
    hops SimpleAggregateFunction(min, UInt16) DEFAULT 65535 COMMENT 'links between registered domains from a seed',
    fetched SimpleAggregateFunction(max, UInt64) COMMENT 'latest visit << 32 | due again',
    failures SimpleAggregateFunction(max, UInt64) COMMENT 'latest visit << 32 | latency in ms << 8 | failures in a row',
    leased SimpleAggregateFunction(max, UInt64) COMMENT 'planned at << 32 | not again before, unless it was fetched since',
    wanted SimpleAggregateFunction(max, UInt32) COMMENT 'asked for again at'
)
ENGINE = AggregatingMergeTree
ORDER BY (bucket, domain, host, path)
SETTINGS fsync_after_insert = 1;

-- Which pages arrived when: what the lifecycle job has to look at.
CREATE TABLE arrivals
(
    arrived UInt64,
    domain String,
    host String,
    path String
)
ENGINE = MergeTree
ORDER BY arrived
TTL toDateTime(intDiv(arrived, 1000)) + INTERVAL 30 DAY
SETTINGS fsync_after_insert = 1;

-- How far each job has read.
CREATE TABLE marks
(
    job String,
    version UInt64,
    mark UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY job
SETTINGS fsync_after_insert = 1;

-- Where page records come in: nothing is kept here, the views below write the tables above.
CREATE TABLE page_records
(
    arrived UInt64,
    domain String,
    host String,
    path String,
    https UInt8,
    at UInt64,
    source String,
    part UInt16,
    parts UInt16,
    outcome String,
    status UInt16,
    complete UInt8,
    incomplete String,
    extractor UInt16,
    final_url String,
    ip String,
    latency_ms UInt32,
    title String,
    language String,
    terms Array(String),
    canonical String,
    noindex UInt8,
    nofollow UInt8,
    bytes UInt32,
    internal UInt32,
    etag String,
    last_modified String,
    digest String,
    interval_s UInt32,
    hops UInt16,
    failures UInt8,
    due UInt32,
    targets Array(String),
    target_domains Array(String),
    kinds Array(String),
    rels Array(UInt8),
    positions Array(UInt8),
    anchors Array(String),
    befores Array(String),
    afters Array(String),
    ordinals Array(UInt16),
    counts Array(UInt16),
    found Array(String) COMMENT 'URLs for the frontier',
    found_domains Array(String),
    found_hops Array(UInt16)
)
ENGINE = Null;

CREATE MATERIALIZED VIEW links_from_records TO links AS
SELECT
    target_domain,
    domain AS source_domain,
    host AS source_host,
    path AS source_path,
    substring(rest, 1, slash - 1) AS target_host,
    substring(rest, slash) AS target_path,
    kind,
    at AS first_seen,
    bitOr(bitShiftLeft(at, 16), bitOr(bitShiftLeft(CAST(source, 'Enum8(\'crawl\' = 1, \'warc\' = 2, \'wat\' = 3, \'list\' = 4)')::UInt64, 8), bitOr(bitShiftLeft(place::UInt64, 4), bitOr(bitShiftLeft(noindex::UInt64, 3), rel::UInt64)))) AS seen,
    https AS source_https,
    startsWith(target, 'https:') AS target_https,
    initializeAggregation('argMaxState', anchor, bitOr(bitShiftLeft(at, 16), cityHash64(anchor) % 65536)) AS anchor
FROM
(
    SELECT
        domain, host, path, https, at, source, noindex, target, target_domain, kind, rel, place, anchor,
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

CREATE MATERIALIZED VIEW link_context_from_records TO link_context AS
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
);

CREATE MATERIALIZED VIEW page_links_from_records TO page_links AS
SELECT domain, host, path, at, source, part, parts, outcome, status, complete, incomplete, extractor, noindex, https, final_url, targets, target_domains, kinds
FROM page_records;

CREATE MATERIALIZED VIEW pages_from_records TO pages AS
SELECT
    domain,
    host,
    path,
    at AS first_visit,
    at AS last_visit,
    if(complete, at, 0) AS last_complete,
    https,
    initializeAggregation('argMaxState', tuple(outcome, status, incomplete, final_url, ip, latency_ms)::Tuple(outcome String, status UInt16, incomplete String, final_url String, ip String, latency_ms UInt32), at) AS visit,
    initializeAggregation('argMaxIfState', tuple(title, language, terms, canonical, noindex, nofollow, internal, length(targets), bytes)::Tuple(title String, language String, terms Array(String), canonical String, noindex UInt8, nofollow UInt8, internal UInt32, external UInt32, bytes UInt32), at, complete) AS content,
    initializeAggregation('argMaxIfState', tuple(etag, last_modified, digest, interval_s)::Tuple(etag String, last_modified String, digest String, interval_s UInt32), at, toUInt8(outcome IN ('ok', 'not_modified'))) AS validators
FROM page_records
WHERE part = 1;

CREATE MATERIALIZED VIEW frontier_from_visits TO frontier AS
SELECT
    cityHash64(domain) % 1024 AS bucket,
    domain,
    host,
    path,
    https,
    toUInt32(intDiv(at, 1000)) AS discovered,
    hops,
    bitOr(bitShiftLeft(intDiv(at, 1000), 32), due::UInt64) AS fetched,
    bitOr(bitShiftLeft(intDiv(at, 1000), 32), bitOr(bitShiftLeft(least(latency_ms, 16777215)::UInt64, 8), failures::UInt64)) AS failures
FROM page_records
WHERE part = 1 AND source = 'crawl';

CREATE MATERIALIZED VIEW frontier_from_links TO frontier AS
SELECT
    cityHash64(found_domain) % 1024 AS bucket,
    found_domain AS domain,
    substring(rest, 1, slash - 1) AS host,
    substring(rest, slash) AS path,
    startsWith(url, 'https:') AS https,
    toUInt32(intDiv(at, 1000)) AS discovered,
    found_hop AS hops
FROM
(
    SELECT
        at, url, found_domain, found_hop,
        substring(url, position(url, '://') + 3) AS rest,
        position(rest, '/') AS slash
    FROM page_records
    ARRAY JOIN
        found AS url,
        found_domains AS found_domain,
        found_hops AS found_hop
);

CREATE MATERIALIZED VIEW arrivals_from_records TO arrivals AS
SELECT arrived, domain, host, path
FROM page_records;

-- Where seeds, leases and wishes come in: the view below puts them into their bucket.
CREATE TABLE frontier_in
(
    domain String,
    host String,
    path String,
    https UInt8 DEFAULT 0,
    discovered UInt32 DEFAULT 4294967295,
    hops UInt16 DEFAULT 65535,
    leased UInt64 DEFAULT 0,
    wanted UInt32 DEFAULT 0
)
ENGINE = Null;

CREATE MATERIALIZED VIEW frontier_from_in TO frontier AS
SELECT cityHash64(domain) % 1024 AS bucket, domain, host, path, https, discovered, hops, leased, wanted
FROM frontier_in;

-- One run of the batch jobs and all that went into it.
CREATE TABLE snapshots
(
    snapshot UInt64 COMMENT 'ms since 1970 of the data it stands on',
    written UInt64,
    domains UInt64,
    edges UInt64,
    manifest String COMMENT 'JSON: formula, filters, seeds, counts, versions'
)
ENGINE = ReplacingMergeTree(written)
ORDER BY snapshot
SETTINGS fsync_after_insert = 1;

-- Who links to whom in a snapshot, by registered domain, after the edge filter.
CREATE TABLE domain_edges
(
    snapshot UInt64,
    source_domain String,
    target_domain String,
    links UInt32 COMMENT 'live links',
    follow_links UInt32 COMMENT 'of them followed',
    pages UInt32 COMMENT 'linking pages',
    weight Float64 COMMENT 'in the ranking'
)
ENGINE = MergeTree
PARTITION BY snapshot
ORDER BY (target_domain, source_domain)
SETTINGS fsync_after_insert = 1;

-- Every domain's scores in a snapshot. NULL is unknown.
CREATE TABLE domain_quality
(
    snapshot UInt64,
    domain String,
    domains UInt64 COMMENT 'N: how many were ranked',
    authority Nullable(Float64) COMMENT '100 * (1 - ln rank / ln N) by trust-weighted harmonic centrality; NULL without seeds',
    trusted_harmonic Nullable(Float64),
    trusted_harmonic_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is best',
    trust Nullable(Float64) COMMENT 'personalised PageRank from the seeds',
    trust_rank Nullable(Float64),
    damping Float64 COMMENT 'of PageRank and trust',
    pagerank Float64,
    pagerank_rank Float64,
    harmonic Float64 COMMENT 'harmonic centrality',
    harmonic_rank Float64,
    referring_domains UInt32 COMMENT 'with at least one live link',
    referring_domains_rank Float64,
    referring_pages UInt32,
    links UInt32 COMMENT 'live links from other domains',
    follow_share Nullable(Float64) COMMENT 'of the live links',
    out_domains UInt32 COMMENT 'domains it links to',
    reciprocal UInt32 COMMENT 'referring domains that it links back to',
    pages UInt32 COMMENT 'pages of it that were fetched whole',
    top_anchors Array(String)
)
ENGINE = MergeTree
PARTITION BY snapshot
ORDER BY domain
SETTINGS fsync_after_insert = 1;

-- The same tables to the side: a snapshot is written here and swapped in whole.
CREATE TABLE domain_edges_next AS domain_edges;

CREATE TABLE domain_quality_next AS domain_quality;

-- Every link with its life told in columns. Ask it by target_domain: it reads only those rows.
CREATE VIEW link_states AS
SELECT
    target_domain,
    source_domain,
    source_host,
    source_path,
    target_host,
    target_path,
    kind,
    concat(if(source_https = 1, 'https://', 'http://'), source_host, source_path) AS source_url,
    concat(if(target_https = 1, 'https://', 'http://'), target_host, target_path) AS target_url,
    multiIf(lost_sighting = sighting, 'lost', noindex = 1, 'lost', unsure > confirmed_at, 'unverified', 'live') AS state,
    multiIf(lost_sighting = sighting, transform(toUInt16(bitAnd(lost, 65535)), [1, 2, 3, 4], ['removed', 'gone', 'redirected', 'redirected'], ''), noindex = 1, 'noindex', unsure > confirmed_at, transform(toUInt16(bitAnd(doubt, 65535)), [1, 5, 6, 7, 8, 9], ['incomplete', 'error', 'timeout', 'robots', 'blocked', 'refused'], ''), '') AS reason,
    first_seen,
    if(all_ones - bitShiftRight(absent_before, 64) = first_seen, toUInt64(bitAnd(absent_before, 18446744073709551615)), 0) AS not_before,
    greatest(sighting, confirmed_at) AS last_seen,
    if(lost_sighting = sighting AND bitShiftRight(absent, 64) = sighting, toUInt64(all_ones - bitAnd(absent, 18446744073709551615)), 0) AS lost_by,
    bitAnd(seen, 1) AS nofollow,
    bitAnd(bitShiftRight(seen, 1), 1) AS ugc,
    bitAnd(bitShiftRight(seen, 2), 1) AS sponsored,
    transform(toUInt8(bitAnd(bitShiftRight(seen, 4), 15)), [0, 1, 2, 3, 4, 5], ['main', 'nav', 'header', 'footer', 'aside', 'comment'], '') AS position,
    transform(toUInt8(bitAnd(bitShiftRight(seen, 8), 255)), [1, 2, 3, 4], ['crawl', 'warc', 'wat', 'list'], '') AS source,
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
        max(confirmed) AS confirmed,
        max(doubt) AS doubt,
        max(absent) AS absent,
        max(lost) AS lost,
        max(absent_before) AS absent_before,
        max(source_https) AS source_https,
        max(target_https) AS target_https,
        argMaxMerge(anchor) AS anchor,
        toUInt128(17592186044415) AS all_ones,
        bitShiftRight(seen, 16) AS sighting,
        bitAnd(bitShiftRight(seen, 3), 1) AS noindex,
        bitShiftRight(lost, 80) AS lost_sighting,
        if(bitShiftRight(confirmed, 64) = sighting, toUInt64(bitAnd(confirmed, 18446744073709551615)), 0) AS confirmed_at,
        if(bitShiftRight(doubt, 64) = sighting, toUInt64(bitShiftRight(bitAnd(doubt, 18446744073709551615), 16)), 0) AS unsure
    FROM links
    GROUP BY target_domain, source_domain, source_host, source_path, target_host, target_path, kind
    HAVING seen > 0
);

-- Every backlink of a registered domain: SELECT * FROM backlinks(domain = 'example.org').
-- A lost link whose source domain now links the target from another page has moved.
CREATE VIEW backlinks AS
SELECT
    source_domain,
    source_url,
    target_url,
    toString(kind) AS kind,
    state,
    if(state = 'lost' AND reason IN ('removed', 'gone', 'redirected') AND maxIf(first_seen, state = 'live') OVER (PARTITION BY source_domain, target_host, target_path) >= last_seen, 'moved', reason) AS reason,
    anchor,
    position,
    nofollow,
    ugc,
    sponsored,
    fromUnixTimestamp64Milli(toInt64(first_seen), 'UTC') AS first_seen,
    if(not_before > 0, fromUnixTimestamp64Milli(toInt64(not_before), 'UTC'), NULL) AS not_before,
    fromUnixTimestamp64Milli(toInt64(last_seen), 'UTC') AS last_seen,
    if(lost_by > 0, fromUnixTimestamp64Milli(toInt64(lost_by), 'UTC'), NULL) AS lost_by,
    source
FROM link_states
WHERE target_domain = {domain:String};
