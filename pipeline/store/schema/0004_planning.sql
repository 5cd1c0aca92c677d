-- What planning goes by: what a site's pages came to, and how strongly a URL is linked.

ALTER TABLE pages ADD COLUMN IF NOT EXISTS text SimpleAggregateFunction(max, UInt128) COMMENT 'latest complete visit << 64 | digest of its text, 0 where that is little';

ALTER TABLE pages ADD COLUMN IF NOT EXISTS outward SimpleAggregateFunction(max, UInt64) COMMENT 'latest complete visit << 16 | external links that it had, 65535 at most';

ALTER TABLE page_records ADD COLUMN IF NOT EXISTS text UInt64 COMMENT 'digest of what a reader sees, 0 where that is little';

ALTER TABLE pages_from_records MODIFY QUERY
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
    initializeAggregation('argMaxIfState', tuple(etag, last_modified, digest, interval_s)::Tuple(etag String, last_modified String, digest String, interval_s UInt32), at, toUInt8(outcome IN ('ok', 'not_modified'))) AS validators,
    if(complete, bitOr(bitShiftLeft(toUInt128(at), 64), toUInt128(text)), toUInt128(0)) AS text,
    if(complete, bitOr(bitShiftLeft(at, 16), least(length(targets), 65535)::UInt64), toUInt64(0)) AS outward
FROM page_records
WHERE part = 1;

-- How long each host wants to be left alone: whoever plans for it, and the spider that is given it next,
-- must know.
ALTER TABLE page_records ADD COLUMN IF NOT EXISTS delay_ms UInt32 COMMENT 'how long the host is to be left alone after this visit';

ALTER TABLE frontier ADD COLUMN IF NOT EXISTS delay SimpleAggregateFunction(max, UInt64) COMMENT 'latest visit << 32 | how long the host is left alone after it, in ms';

ALTER TABLE frontier_from_visits MODIFY QUERY
SELECT
    cityHash64(domain) % 1024 AS bucket,
    domain,
    host,
    path,
    https,
    toUInt32(intDiv(at, 1000)) AS discovered,
    hops,
    bitOr(bitShiftLeft(intDiv(at, 1000), 32), due::UInt64) AS fetched,
    bitOr(bitShiftLeft(intDiv(at, 1000), 32), bitOr(bitShiftLeft(least(latency_ms, 16777215)::UInt64, 8), failures::UInt64)) AS failures,
    bitOr(bitShiftLeft(intDiv(at, 1000), 32), delay_ms::UInt64) AS delay
FROM page_records
WHERE part = 1 AND source = 'crawl';

-- What the pages of a registered domain came to, and how many it may have therefore. Made anew from
-- its pages when some of them came in.
CREATE TABLE sites
(
    bucket UInt16 COMMENT 'as in frontier',
    domain String COMMENT 'registered domain',
    owner String COMMENT 'ICANN domain: whose platform it is on, or itself',
    at UInt64 COMMENT 'when it was looked at, ms since 1970; the greatest is the current row',
    pages UInt32 COMMENT 'pages that were visited',
    complete UInt32 COMMENT 'of them with a complete visit',
    texts UInt32 COMMENT 'different texts among these; pages with little text count as one',
    linking UInt32 COMMENT 'complete pages with an external link',
    out_domains UInt32 COMMENT 'domains it links to, in the last snapshot',
    authority Nullable(Float64) COMMENT 'in the last snapshot; NULL where it is unknown',
    merit Float64 COMMENT 'from 0 to 1: what a further page of it is worth',
    budget UInt32 COMMENT 'pages that it may have'
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (bucket, domain)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- How strongly each URL is linked from other domains in the last snapshot, and each domain as a whole.
CREATE TABLE page_strength
(
    snapshot UInt64 COMMENT 'as in snapshots; only the last one is kept',
    bucket UInt16 COMMENT 'as in frontier',
    domain String COMMENT 'registered domain',
    host String COMMENT 'host of the URL; empty for the domain as a whole',
    path String COMMENT 'path and query of the URL; empty for the domain as a whole',
    strength Float32 COMMENT 'from 0 to 1: authority / 100 of a domain; of a URL the sum over the domains that link to it, with diminishing returns'
)
ENGINE = MergeTree
PARTITION BY snapshot
ORDER BY (bucket, domain, host, path)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE page_strength_next AS page_strength;
