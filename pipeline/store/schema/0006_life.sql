-- What became of links: canonicalised away, broken, changed, and led on to another page.

ALTER TABLE page_records ADD COLUMN IF NOT EXISTS leads_to String COMMENT 'URL of the other page that it redirects to or names as its canonical';

ALTER TABLE page_records ADD COLUMN IF NOT EXISTS leads_domain String COMMENT 'its registered domain';

ALTER TABLE page_records ADD COLUMN IF NOT EXISTS leads_by String DEFAULT 'nothing' COMMENT 'redirect, canonical or nothing';

-- Rows from before: redirects alone, since these visits did not keep their canonical.
ALTER TABLE page_links ADD COLUMN IF NOT EXISTS leads_to String DEFAULT if(outcome = 'redirect', final_url, '') COMMENT 'URL of the other page that it redirects to or names as its canonical';

ALTER TABLE page_links ADD COLUMN IF NOT EXISTS leads_domain String DEFAULT multiIf(leads_to = '', '', has(kinds, 'redirect'), target_domains[indexOf(kinds, 'redirect')], domain) COMMENT 'its registered domain';

ALTER TABLE page_links ADD COLUMN IF NOT EXISTS leads_by Enum8('nothing' = 0, 'redirect' = 1, 'canonical' = 2) DEFAULT if(leads_to = '', 'nothing', 'redirect') COMMENT 'what leads there';

ALTER TABLE page_links_from_records MODIFY QUERY
SELECT domain, host, path, at, source, part, parts, outcome, status, complete, incomplete, extractor, noindex, https, final_url, targets, target_domains, kinds, leads_to, leads_domain, leads_by
FROM page_records;

ALTER TABLE links COMMENT COLUMN seen 'latest sighting: at << 16 | source << 8 | canonicalised << 7 | position << 4 | noindex << 3 | rel';

ALTER TABLE links ADD COLUMN IF NOT EXISTS uncounted SimpleAggregateFunction(max, UInt128) COMMENT 'sighting << 84 | latest sighting before that counted << 40 | the sighting, less the first since that does not count';

-- How each link looked: a row for each anchor, position and rel that it was seen with by whoever read the
-- page itself. What an archive's WAT or a list says of them is less, and no change.
CREATE TABLE link_looks
(
    target_domain String,
    source_domain String,
    source_host String,
    source_path String,
    target_host String,
    target_path String,
    kind Enum8('a' = 1, 'area' = 2, 'img-link' = 3, 'iframe' = 4, 'form' = 5, 'canonical' = 6, 'redirect' = 7, 'alternate' = 8, 'next' = 9, 'prev' = 10),
    anchor String COMMENT 'anchor text',
    position Enum8('main' = 0, 'nav' = 1, 'header' = 2, 'footer' = 3, 'aside' = 4, 'comment' = 5) COMMENT 'its best place on the page',
    rel UInt8 COMMENT 'nofollow 1 + ugc 2 + sponsored 4',
    first_seen SimpleAggregateFunction(min, UInt64) COMMENT 'earliest sighting that looked so',
    last_seen SimpleAggregateFunction(max, UInt64) COMMENT 'latest sighting that looked so',
    source_https SimpleAggregateFunction(max, UInt8) COMMENT '1 where the page was ever asked for with https',
    target_https SimpleAggregateFunction(max, UInt8) COMMENT '1 where the link ever pointed to https'
)
ENGINE = AggregatingMergeTree
ORDER BY (target_domain, source_domain, source_host, source_path, target_host, target_path, kind, anchor, position, rel)
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW link_looks_from_records TO link_looks AS
SELECT
    target_domain,
    domain AS source_domain,
    host AS source_host,
    path AS source_path,
    substring(rest, 1, slash - 1) AS target_host,
    substring(rest, slash) AS target_path,
    kind,
    anchor,
    place AS position,
    rel,
    at AS first_seen,
    at AS last_seen,
    https AS source_https,
    startsWith(target, 'https:') AS target_https
FROM
(
    SELECT
        domain, host, path, https, at, target, target_domain, kind, anchor, place, rel,
        substring(target, position(target, '://') + 3) AS rest,
        position(rest, '/') AS slash
    FROM page_records
    ARRAY JOIN
        targets AS target,
        target_domains AS target_domain,
        kinds AS kind,
        anchors AS anchor,
        positions AS place,
        rels AS rel
    WHERE source IN ('crawl', 'warc')
);

-- Of links from before, how they looked last.
INSERT INTO link_looks
SELECT
    target_domain,
    source_domain,
    source_host,
    source_path,
    target_host,
    target_path,
    kind,
    argMaxMerge(anchor) AS text,
    toInt8(bitAnd(bitShiftRight(max(seen), 4), 7)) AS position,
    toUInt8(bitAnd(max(seen), 7)) AS rel,
    bitShiftRight(max(seen), 16) AS first_seen,
    bitShiftRight(max(seen), 16) AS last_seen,
    max(source_https),
    max(target_https)
FROM links
GROUP BY target_domain, source_domain, source_host, source_path, target_host, target_path, kind
HAVING bitAnd(bitShiftRight(max(seen), 8), 255) IN (1, 2)
SETTINGS optimize_aggregation_in_order = 1;

-- What changed on the backlinks of a registered domain: SELECT * FROM link_changes(domain = 'example.org').
-- A row tells of two sightings of a link that looked different; none is known between them.
CREATE OR REPLACE VIEW link_changes AS
SELECT
    source_domain,
    concat(if(source_https = 1, 'https://', 'http://'), source_host, source_path) AS source_url,
    concat(if(target_https = 1, 'https://', 'http://'), target_host, target_path) AS target_url,
    toString(kind) AS kind,
    arrayFilter(w -> w != '', [if(was.1 != became.1, 'anchor', ''), if(was.2 != became.2, 'position', ''), if(was.3 != became.3, 'rel', '')]) AS what,
    was.1 AS anchor_before,
    became.1 AS anchor_after,
    toString(was.2) AS position_before,
    toString(became.2) AS position_after,
    arrayStringConcat(arrayFilter(r -> r != '', [if(bitAnd(was.3, 1) > 0, 'nofollow', ''), if(bitAnd(was.3, 2) > 0, 'ugc', ''), if(bitAnd(was.3, 4) > 0, 'sponsored', '')]), ' ') AS rel_before,
    arrayStringConcat(arrayFilter(r -> r != '', [if(bitAnd(became.3, 1) > 0, 'nofollow', ''), if(bitAnd(became.3, 2) > 0, 'ugc', ''), if(bitAnd(became.3, 4) > 0, 'sponsored', '')]), ' ') AS rel_after,
    fromUnixTimestamp64Milli(toInt64(change.1.1), 'UTC') AS changed_after,
    fromUnixTimestamp64Milli(toInt64(change.2.1), 'UTC') AS changed_by
FROM
(
    SELECT
        source_domain,
        source_host,
        source_path,
        target_host,
        target_path,
        kind,
        max(source_https) AS source_https,
        max(target_https) AS target_https,
        -- Each look's first and last sighting, by time. Where it came back in between, it is not known
        -- when: the changes told are true, and there may have been more.
        arraySort(arrayDistinct(groupArrayArray([(first_seen, (anchor, position, rel)), (last_seen, (anchor, position, rel))]))) AS sightings,
        arrayFilter(c -> c.1.2 != c.2.2 AND c.1.1 < c.2.1, arrayZip(arrayPopBack(sightings), arrayPopFront(sightings))) AS changes
    FROM
    (
        SELECT
            source_domain,
            source_host,
            source_path,
            target_host,
            target_path,
            kind,
            anchor,
            position,
            rel,
            min(first_seen) AS first_seen,
            max(last_seen) AS last_seen,
            max(source_https) AS source_https,
            max(target_https) AS target_https
        FROM link_looks
        WHERE target_domain = {domain:String}
        GROUP BY source_domain, source_host, source_path, target_host, target_path, kind, anchor, position, rel
    )
    GROUP BY source_domain, source_host, source_path, target_host, target_path, kind
    HAVING length(sightings) > 1
)
ARRAY JOIN
    changes AS change,
    arrayMap(c -> c.1.2, changes) AS was,
    arrayMap(c -> c.2.2, changes) AS became;

-- What became of pages that do not simply answer: they lead elsewhere, or are gone. A row for each page of
-- which a visit ever said so, by all visits that are known of it.
CREATE TABLE page_fates
(
    domain String COMMENT 'registered domain of the page',
    host String,
    path String,
    visits UInt32 COMMENT 'how many visits of it were known; the greatest is the current row',
    https UInt8 COMMENT '1 where it was ever asked for with https',
    outcome Enum8('there' = 0, 'redirect' = 1, 'canonical' = 2, 'gone' = 3, 'unreachable' = 4) COMMENT 'there: it is as it should be, again',
    status UInt16 COMMENT 'HTTP status of the latest visit that says so',
    since UInt64 COMMENT 'earliest visit that says so',
    not_before UInt64 COMMENT 'latest visit before that says otherwise, 0 where there was none',
    leads_to String COMMENT 'URL of the page that it leads to, empty where to none',
    leads_domain String COMMENT 'its registered domain'
)
ENGINE = ReplacingMergeTree(visits)
ORDER BY (domain, host, path)
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1;

-- Where links to a page get, if it leads on: a row for each page on the way. Of pages that are linked from
-- other domains.
CREATE TABLE leads
(
    domain String COMMENT 'registered domain of the page that leads on',
    host String,
    path String,
    https UInt8 COMMENT '1 where that page was ever asked for with https',
    end_domain String COMMENT 'registered domain of the page that it gets to',
    end_host String COMMENT 'its host',
    end_path String COMMENT 'its path and query',
    end_https UInt8 COMMENT '1 where it is led to by https',
    version UInt64 COMMENT 'of the run that found it; the greatest is the current row',
    active UInt8 COMMENT '0 once it does not get there any more',
    leads_on String COMMENT 'where the end leads on to; empty: the way ends there',
    hint UInt8 COMMENT '1 where a page on the way names another domain as its canonical, which is a hint alone',
    via Array(String) COMMENT 'where the way ends: the pages on it, from the first one on',
    hops Array(Enum8('redirect' = 1, 'canonical' = 2)) COMMENT 'what leads on from each of them'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (domain, host, path, end_domain, end_host, end_path)
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1;

-- The same, by where they get.
CREATE TABLE leads_in
(
    domain String COMMENT 'registered domain of the page that leads on',
    host String,
    path String,
    https UInt8 COMMENT '1 where that page was ever asked for with https',
    end_domain String COMMENT 'registered domain of the page that it gets to',
    end_host String COMMENT 'its host',
    end_path String COMMENT 'its path and query',
    end_https UInt8 COMMENT '1 where it is led to by https',
    version UInt64 COMMENT 'of the run that found it; the greatest is the current row',
    active UInt8 COMMENT '0 once it does not get there any more',
    leads_on String COMMENT 'where the end leads on to; empty: the way ends there',
    hint UInt8 COMMENT '1 where a page on the way names another domain as its canonical, which is a hint alone',
    via Array(String) COMMENT 'where the way ends: the pages on it, from the first one on',
    hops Array(Enum8('redirect' = 1, 'canonical' = 2)) COMMENT 'what leads on from each of them'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (end_domain, end_host, end_path, domain, host, path)
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW leads_in_from_leads TO leads_in AS
SELECT *
FROM leads;

-- Links to pages of other domains that lead on, by the domain where they end. `leads_in` says of each page
-- that is named whether it still does.
CREATE TABLE indirect_links
(
    target_domain String COMMENT 'registered domain where the link ends',
    source_domain String COMMENT 'registered domain of the page with the link',
    source_host String,
    source_path String,
    named_domain String COMMENT 'registered domain of the page that the link names',
    named_host String COMMENT 'its host',
    named_path String COMMENT 'its path and query',
    kind Enum8('a' = 1, 'area' = 2, 'img-link' = 3, 'iframe' = 4, 'form' = 5, 'canonical' = 6, 'redirect' = 7, 'alternate' = 8, 'next' = 9, 'prev' = 10),
    first_seen SimpleAggregateFunction(min, UInt64) DEFAULT 18446744073709551615 COMMENT 'this and all that follow: as in links',
    seen SimpleAggregateFunction(max, UInt64),
    confirmed SimpleAggregateFunction(max, UInt128),
    doubt SimpleAggregateFunction(max, UInt256),
    lost SimpleAggregateFunction(max, UInt256),
    absent_before SimpleAggregateFunction(max, UInt128),
    uncounted SimpleAggregateFunction(max, UInt128),
    source_https SimpleAggregateFunction(max, UInt8),
    target_https SimpleAggregateFunction(max, UInt8),
    anchor AggregateFunction(argMax, String, UInt64)
)
ENGINE = AggregatingMergeTree
ORDER BY (target_domain, source_domain, source_host, source_path, named_domain, named_host, named_path, kind)
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1;
