-- What the lifecycle job looks at, read once a run: its statements each read the keys of the whole index for it.

-- The visits of the pages that one run of the lifecycle job looks at. Nobody asks them later: they go within hours.
CREATE TABLE changed_visits
(
    run UInt64 COMMENT 'of which run of the job, and which piece of it',
    domain String COMMENT 'registered domain of the page',
    host String COMMENT 'host of the page, with a port that is not default',
    path String COMMENT 'path and query of the page',
    at UInt64 COMMENT 'this and all that follow: as in page_links',
    source Enum8('crawl' = 1, 'warc' = 2, 'wat' = 3, 'list' = 4),
    part UInt16,
    parts UInt16,
    outcome Enum8('ok' = 1, 'not_modified' = 2, 'redirect' = 3, 'gone' = 4, 'error' = 5, 'timeout' = 6, 'robots' = 7, 'blocked' = 8, 'refused' = 9, 'skipped' = 10),
    status UInt16,
    complete UInt8,
    incomplete LowCardinality(String),
    extractor UInt16,
    noindex UInt8,
    https UInt8,
    targets Array(String),
    target_cuts Array(Tuple(start UInt16, length UInt8)),
    kinds Array(Enum8('a' = 1, 'area' = 2, 'img-link' = 3, 'iframe' = 4, 'form' = 5, 'canonical' = 6, 'redirect' = 7, 'alternate' = 8, 'next' = 9, 'prev' = 10)),
    leads_to String,
    leads_domain String,
    leads_by Enum8('nothing' = 0, 'redirect' = 1, 'canonical' = 2),
    target_domains Array(String) ALIAS arrayMap((target, cut) -> substring(target, cut.1, cut.2), targets, target_cuts),
    made DateTime('UTC') DEFAULT now() COMMENT 'when the run read it'
)
ENGINE = ReplacingMergeTree
PARTITION BY toStartOfHour(made)
ORDER BY (run, domain, host, path, at, source, part)
TTL made + INTERVAL 1 HOUR
SETTINGS ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1;
