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
    target_host String COMMENT 'host of the target, with a port that is not default',
    target_path String COMMENT 'path and query of the target',
    kind Enum8('a' = 1, 'area' = 2, 'img-link' = 3, 'iframe' = 4, 'form' = 5, 'canonical' = 6, 'redirect' = 7, 'alternate' = 8, 'next' = 9, 'prev' = 10) COMMENT 'what made the link: an element, or a redirect',
    first_seen SimpleAggregateFunction(min, UInt64) DEFAULT 18446744073709551615 COMMENT 'earliest visit with the link',
    seen SimpleAggregateFunction(max, UInt64) COMMENT 'latest sighting: at << 16 | source << 8 | position << 4 | noindex << 3 | rel',
    confirmed SimpleAggregateFunction(max, UInt128) COMMENT 'sighting << 84 | (2^44 - 1 - next body, 0 without one) << 40 | latest 304 before that body, less the sighting',
    doubt SimpleAggregateFunction(max, UInt256) COMMENT 'confirmed << 128 | latest of two or more failed visits since << 16 | outcome',
    lost SimpleAggregateFunction(max, UInt256) COMMENT 'confirmed << 128 | (2^44 - 1 - visit that proved the loss) << 60 | reason << 44 | (2^44 - 1 - first visit without it)',
    absent_before SimpleAggregateFunction(max, UInt128) COMMENT '(2^44 - 1 - first_seen) << 64 | last complete visit without it before',
    source_https SimpleAggregateFunction(max, UInt8) COMMENT '1 where the page was ever asked for with https',
    target_https SimpleAggregateFunction(max, UInt8) COMMENT '1 where the link ever pointed to https',
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
    text_before String COMMENT 'text before the link, cut at 120 characters',
    text_after String COMMENT 'text after the link, cut at 120 characters',
    ordinal UInt16 COMMENT 'place among the links of the page, from 0',
    count UInt16 COMMENT 'how often the target stands on the page'
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (target_domain, source_domain, source_host, source_path, target_host, target_path, kind)
SETTINGS fsync_after_insert = 1;

-- Every visit of every page with the links that it had, by source.
CREATE TABLE page_links
(
    domain String COMMENT 'registered domain of the page',
    host String COMMENT 'host of the page, with a port that is not default',
    path String COMMENT 'path and query of the page',
    at UInt64 COMMENT 'visit',
    source Enum8('crawl' = 1, 'warc' = 2, 'wat' = 3, 'list' = 4) COMMENT 'where the record came from',
    part UInt16 COMMENT 'which part of the record, from 1',
    parts UInt16 COMMENT 'how many parts the record has',
    outcome Enum8('ok' = 1, 'not_modified' = 2, 'redirect' = 3, 'gone' = 4, 'error' = 5, 'timeout' = 6, 'robots' = 7, 'blocked' = 8, 'refused' = 9, 'skipped' = 10) COMMENT 'how the visit ended',
    status UInt16 COMMENT 'HTTP status, 0 without an answer',
    complete UInt8 COMMENT '1 where a link that is not in it may be taken for gone',
    incomplete LowCardinality(String) COMMENT 'why the visit is no evidence',
    extractor UInt16 COMMENT 'version of the extractor that read the page',
    noindex UInt8 COMMENT '1 where a robots directive of the page says noindex',
    https UInt8 COMMENT '1 where it was asked for with https',
    final_url String COMMENT 'where it led, empty where nowhere else',
    targets Array(String) COMMENT 'canonical URLs of the external links',
    target_domains Array(String) COMMENT 'their registered domains, in the same order',
    kinds Array(Enum8('a' = 1, 'area' = 2, 'img-link' = 3, 'iframe' = 4, 'form' = 5, 'canonical' = 6, 'redirect' = 7, 'alternate' = 8, 'next' = 9, 'prev' = 10)) COMMENT 'their kinds, in the same order'
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
    first_visit SimpleAggregateFunction(min, UInt64) COMMENT 'earliest visit',
    last_visit SimpleAggregateFunction(max, UInt64) COMMENT 'latest visit',
    last_complete SimpleAggregateFunction(max, UInt64) COMMENT '0 where no visit was complete',
    https SimpleAggregateFunction(max, UInt8) COMMENT '1 where it was ever asked for with https',
    visit AggregateFunction(argMax, Tuple(outcome String, status UInt16, incomplete String, final_url String, ip String, latency_ms UInt32), UInt64) COMMENT 'latest visit: read it with argMaxMerge',
    content AggregateFunction(argMaxIf, Tuple(title String, language String, terms Array(String), canonical String, noindex UInt8, nofollow UInt8, internal UInt32, external UInt32, bytes UInt32), UInt64, UInt8) COMMENT 'latest complete visit: read it with argMaxIfMerge',
    validators AggregateFunction(argMaxIf, Tuple(etag String, last_modified String, digest String, interval_s UInt32), UInt64, UInt8) COMMENT 'latest visit that ended ok or not_modified: read it with argMaxIfMerge'
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
    https SimpleAggregateFunction(max, UInt8) COMMENT '1 where the URL was ever found with https',
    discovered SimpleAggregateFunction(min, UInt32) DEFAULT 4294967295 COMMENT 'when it was first found',
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
    arrived UInt64 COMMENT 'when the consumer wrote the page',
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
    job String COMMENT 'name of the job',
    version UInt64 COMMENT 'the greatest is the current row',
    mark UInt64 COMMENT 'arrivals up to here were read'
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
    https UInt8 COMMENT '1 where it was asked for with https',
    at UInt64,
    source String COMMENT 'where the record came from: crawl, warc, wat or list',
    part UInt16,
    parts UInt16,
    outcome String COMMENT 'how the visit ended, by its name',
    status UInt16,
    complete UInt8,
    incomplete String,
    extractor UInt16,
    final_url String,
    ip String COMMENT 'address that answered',
    latency_ms UInt32 COMMENT 'of the answer',
    title String COMMENT 'title of the page',
    language String COMMENT 'language of the page',
    terms Array(String) COMMENT 'most frequent words first',
    canonical String COMMENT 'canonical URL that the page names',
    noindex UInt8,
    nofollow UInt8 COMMENT '1 where a robots directive of the page says nofollow',
    bytes UInt32 COMMENT 'of the body',
    internal UInt32 COMMENT 'how many internal links',
    etag String COMMENT 'validator for the next visit',
    last_modified String COMMENT 'validator for the next visit',
    digest String COMMENT 'of the set of external links',
    interval_s UInt32 COMMENT 'between this visit and the next',
    hops UInt16,
    failures UInt8 COMMENT 'failures in a row',
    due UInt32 COMMENT 'when to visit again',
    targets Array(String),
    target_domains Array(String),
    kinds Array(String) COMMENT 'their kinds, in the same order',
    rels Array(UInt8) COMMENT 'nofollow 1 + ugc 2 + sponsored 4, in the same order',
    positions Array(UInt8) COMMENT 'main 0, nav 1, header 2, footer 3, aside 4, comment 5, in the same order',
    anchors Array(String) COMMENT 'their texts, in the same order',
    befores Array(String) COMMENT 'text before each',
    afters Array(String) COMMENT 'text after each',
    ordinals Array(UInt16) COMMENT 'place of each among the links of the page, from 0',
    counts Array(UInt16) COMMENT 'how often each target stands on the page',
    found Array(String) COMMENT 'URLs for the frontier',
    found_domains Array(String) COMMENT 'their registered domains, in the same order',
    found_hops Array(UInt16) COMMENT 'links between registered domains from a seed, in the same order'
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
    written UInt64 COMMENT 'when it was written; the greatest is the current row',
    domains UInt64 COMMENT 'N: how many were ranked',
    edges UInt64 COMMENT 'pairs of domains with a link that counts in the ranking',
    manifest String COMMENT 'JSON: formula, filters, seeds, counts, versions'
)
ENGINE = ReplacingMergeTree(written)
ORDER BY snapshot
SETTINGS fsync_after_insert = 1;

-- Who links to whom in a snapshot, by registered domain, after the edge filter.
CREATE TABLE domain_edges
(
    snapshot UInt64 COMMENT 'as in snapshots',
    source_domain String COMMENT 'registered domain that links',
    target_domain String COMMENT 'registered domain that is linked',
    links UInt32 COMMENT 'links that are not lost',
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
    domain String COMMENT 'registered domain',
    domains UInt64 COMMENT 'N: how many were ranked',
    authority Nullable(Float64) COMMENT '100 * (1 - ln rank / ln N) by trust-weighted harmonic centrality; NULL without seeds',
    trusted_harmonic Nullable(Float64) COMMENT 'trust-weighted harmonic centrality',
    trusted_harmonic_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is best',
    trust Nullable(Float64) COMMENT 'personalised PageRank from the seeds',
    trust_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is best',
    damping Float64 COMMENT 'of PageRank and trust',
    pagerank Float64 COMMENT 'PageRank: shares that sum to 1',
    pagerank_rank Float64 COMMENT 'ties at their middle, 1 is best',
    harmonic Float64 COMMENT 'harmonic centrality',
    harmonic_rank Float64 COMMENT 'ties at their middle, 1 is best',
    referring_domains UInt32 COMMENT 'with at least one live link',
    referring_domains_rank Float64 COMMENT 'ties at their middle, 1 is best',
    referring_pages UInt32 COMMENT 'pages with at least one live link',
    links UInt32 COMMENT 'live links from other domains',
    follow_share Nullable(Float64) COMMENT 'of the live links',
    out_domains UInt32 COMMENT 'domains it links to',
    reciprocal UInt32 COMMENT 'referring domains that it links back to',
    pages UInt32 COMMENT 'pages of it that were fetched whole',
    top_anchors Array(String) COMMENT 'the five most frequent anchor texts of the live links'
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
    toString(kind) AS kind,
    concat(if(source_https = 1, 'https://', 'http://'), source_host, source_path) AS source_url,
    concat(if(target_https = 1, 'https://', 'http://'), target_host, target_path) AS target_url,
    multiIf(lost_epoch = epoch, 'lost', noindex = 1, 'lost', doubt_epoch = epoch, 'unverified', 'live') AS state,
    multiIf(lost_epoch = epoch, transform(toUInt16(bitAnd(bitShiftRight(lost, 44), 65535)), [1, 2, 3, 4], ['removed', 'gone', 'redirected', 'redirected'], ''), noindex = 1, 'noindex', doubt_epoch = epoch, transform(toUInt16(bitAnd(doubt, 65535)), [1, 5, 6, 7, 8, 9], ['incomplete', 'error', 'timeout', 'robots', 'blocked', 'refused'], ''), '') AS reason,
    first_seen,
    if(all_ones - bitShiftRight(absent_before, 64) = first_seen, toUInt64(bitAnd(absent_before, 18446744073709551615)), 0) AS not_before,
    sighting + toUInt64(bitAnd(epoch, 1099511627775)) AS last_seen,
    if(lost_epoch = epoch, toUInt64(all_ones - toUInt128(bitAnd(lost, 17592186044415))), 0) AS lost_by,
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
        max(lost) AS lost,
        max(absent_before) AS absent_before,
        max(source_https) AS source_https,
        max(target_https) AS target_https,
        argMaxMerge(anchor) AS anchor,
        toUInt128(17592186044415) AS all_ones,
        bitShiftRight(seen, 16) AS sighting,
        bitAnd(bitShiftRight(seen, 3), 1) AS noindex,
        -- What a loss and a doubt are told of: the sighting with what confirmed it since.
        greatest(confirmed, bitShiftLeft(toUInt128(sighting), 84)) AS epoch,
        toUInt128(bitShiftRight(lost, 128)) AS lost_epoch,
        toUInt128(bitShiftRight(doubt, 128)) AS doubt_epoch
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
    kind,
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
