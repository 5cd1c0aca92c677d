-- How many pages were read by when, in all and of each domain: so that a bigger crawl isn't taken for growth;
-- and which domains are sites on a platform.

ALTER TABLE page_records ADD COLUMN IF NOT EXISTS owner String COMMENT 'ICANN domain of its host: whose platform it is on, or its registered domain';

-- How much was visited on each day, of the whole index. Estimates: the standard error is 0.8%.
CREATE TABLE crawled
(
    day Date COMMENT 'of the visits, UTC',
    pages_visited AggregateFunction(uniqCombined64(14), UInt64) COMMENT 'pages that were visited, whatever came of it: read it with uniqCombined64Merge(14)',
    pages_read AggregateFunction(uniqCombined64(14), UInt64) COMMENT 'pages that answered with what they hold, or that it is as before: read it with uniqCombined64Merge(14)',
    sites_read AggregateFunction(uniqCombined64(14), UInt64) COMMENT 'their registered domains: read it with uniqCombined64Merge(14)'
)
ENGINE = AggregatingMergeTree
ORDER BY day
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- How much of each registered domain was read on each day. Estimates: exact for few pages, else the
-- standard error is 0.8%.
CREATE TABLE crawled_sites
(
    domain String COMMENT 'registered domain',
    day Date COMMENT 'of the visits, UTC',
    pages_read AggregateFunction(uniqCombined(14), UInt64) COMMENT 'pages that answered with what they hold, or that it is as before: read it with uniqCombinedMerge(14)'
)
ENGINE = AggregatingMergeTree
ORDER BY (domain, day)
SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1;

-- Public suffixes that a platform gives to others' sites, as far as pages were read there: a domain that is
-- one label below one is on that platform.
CREATE TABLE platforms
(
    suffix String COMMENT 'as github.io',
    owner String COMMENT 'ICANN domain: whose platform it is'
)
ENGINE = ReplacingMergeTree
ORDER BY suffix
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW crawled_from_records TO crawled AS
SELECT
    toDate(intDiv(at, 1000), 'UTC') AS day,
    uniqCombined64State(14)(cityHash64(host, path)) AS pages_visited,
    uniqCombined64StateIf(14)(cityHash64(host, path), outcome IN ('ok', 'not_modified')) AS pages_read,
    uniqCombined64StateIf(14)(cityHash64(domain), outcome IN ('ok', 'not_modified')) AS sites_read
FROM page_records
WHERE part = 1 AND source != 'list' AND outcome != 'skipped'
GROUP BY day;

CREATE MATERIALIZED VIEW crawled_sites_from_records TO crawled_sites AS
SELECT
    domain,
    toDate(intDiv(at, 1000), 'UTC') AS day,
    uniqCombinedState(14)(cityHash64(host, path)) AS pages_read
FROM page_records
WHERE part = 1 AND source != 'list' AND outcome IN ('ok', 'not_modified')
GROUP BY domain, day;

CREATE MATERIALIZED VIEW platforms_from_records TO platforms AS
SELECT DISTINCT
    substring(domain, position(domain, '.') + 1) AS suffix,
    owner
FROM page_records
WHERE owner NOT IN ('', domain);

-- What was visited before this migration. Run twice it comes to the same.
INSERT INTO crawled
SELECT
    toDate(intDiv(at, 1000), 'UTC') AS day,
    uniqCombined64State(14)(cityHash64(host, path)) AS pages_visited,
    uniqCombined64StateIf(14)(cityHash64(host, path), outcome IN ('ok', 'not_modified')) AS pages_read,
    uniqCombined64StateIf(14)(cityHash64(domain), outcome IN ('ok', 'not_modified')) AS sites_read
FROM page_links
WHERE part = 1 AND source != 'list' AND outcome != 'skipped'
GROUP BY day;

INSERT INTO crawled_sites
SELECT
    domain,
    toDate(intDiv(at, 1000), 'UTC') AS day,
    uniqCombinedState(14)(cityHash64(host, path)) AS pages_read
FROM page_links
WHERE part = 1 AND source != 'list' AND outcome IN ('ok', 'not_modified')
GROUP BY domain, day;

INSERT INTO platforms
SELECT DISTINCT
    substring(domain, position(domain, '.') + 1) AS suffix,
    owner
FROM sites
WHERE owner NOT IN ('', domain);
