-- Which referring domains the lifecycle job makes anew, found out once a run: the statement that makes them
-- names them six times, and finding them reads the keys of all visits.

-- Pairs of domains that one run of the roll-up makes anew. Nobody asks it later: rows go within some hours.
CREATE TABLE due_pairs
(
    run UInt64 COMMENT 'of which run of the roll-up: `written` of the rows that it makes',
    target_domain String COMMENT 'registered domain that is linked',
    source_domain String COMMENT 'registered domain that links',
    made DateTime('UTC') DEFAULT now() COMMENT 'when it was found out'
)
ENGINE = MergeTree
PARTITION BY toStartOfHour(made)
ORDER BY (run, target_domain, source_domain)
TTL made + INTERVAL 3 HOUR
SETTINGS ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1;
