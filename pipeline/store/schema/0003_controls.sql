-- What operators said of hosts and domains: the newest row of a verb and a name counts.
CREATE TABLE controls
(
    verb LowCardinality(String) COMMENT 'block, suppress, pause (1 or 0), delay (seconds), budget (pages), priority (-10 to 10)',
    name String COMMENT 'host, registered domain, or what an address begins with; empty for all',
    value Float64 COMMENT 'what was said; block, suppress, pause and priority are lifted by 0, delay and budget by -1',
    at UInt64 COMMENT 'when, ms since 1970; the newest counts',
    note String COMMENT 'why, in the words of whoever said it',
    who String COMMENT 'who said it'
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (verb, name)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
