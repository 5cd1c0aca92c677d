-- What operators say, mirrored from the log's topic `control` by whoever writes the store, so that SQL
-- can ask for it: planning and scoring leave out what is blocked or suppressed.

CREATE TABLE controls
(
    verb LowCardinality(String) COMMENT 'block, delay, budget, priority, pause, suppress, requeue or purge',
    name String COMMENT 'registered domain or host; of suppress also host and the beginning of a path; of pause empty',
    value Float64 COMMENT 'block, pause, suppress: 1, or 0 once lifted; delay: seconds, budget: pages, -1 once lifted; priority: -10 to 10, 0 once lifted; requeue, purge: 0',
    at UInt64 COMMENT 'when the log took it, ms since 1970; the greatest is the current row',
    note String COMMENT 'why, as whoever said it wrote',
    who String COMMENT 'who said it: user and machine, as that machine says'
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (verb, name)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
