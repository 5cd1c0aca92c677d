-- What people say of domains, and what a snapshot needs for being handed on: how long each domain is
-- known, how many hosts it has, and how far one gets from it.

-- Every label that a person gave a domain, and every one that was taken back. Nothing is overwritten.
CREATE TABLE labels
(
    domain String COMMENT 'registered domain',
    label LowCardinality(String) COMMENT 'ok, bad, ours or platform; empty where it was taken back',
    note String COMMENT 'why, as whoever said it wrote',
    who String COMMENT 'who said it: user and machine, or as the imported file says',
    at UInt64 COMMENT 'when it was said, ms since 1970; the greatest of a domain counts'
)
ENGINE = ReplacingMergeTree
ORDER BY (domain, at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- The labels that count: the newest of each domain, where it was not taken back.
CREATE VIEW labels_now AS
SELECT
    domain,
    tupleElement(said, 1) AS label,
    tupleElement(said, 2) AS note,
    tupleElement(said, 3) AS who,
    newest AS at
FROM
(
    SELECT
        domain,
        argMax(tuple(toString(label), note, who), at) AS said,
        max(at) AS newest
    FROM labels
    GROUP BY domain
)
WHERE tupleElement(said, 1) != '';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS hosts Nullable(UInt32) COMMENT 'hosts of it that are known, as pages or as targets of links; NULL in snapshots from before';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS hosts Nullable(UInt32) COMMENT 'hosts of it that are known, as pages or as targets of links; NULL in snapshots from before';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS days_known Nullable(UInt32) COMMENT 'days from its first visit, or the first link to or from it, to the snapshot; NULL in snapshots from before';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS days_known Nullable(UInt32) COMMENT 'days from its first visit, or the first link to or from it, to the snapshot; NULL in snapshots from before';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS inverse_pagerank Nullable(Float64) COMMENT 'PageRank with every link turned round: how much of the web one gets to from it; NULL in snapshots from before';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS inverse_pagerank Nullable(Float64) COMMENT 'PageRank with every link turned round: how much of the web one gets to from it; NULL in snapshots from before';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS inverse_pagerank_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is best';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS inverse_pagerank_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is best';
