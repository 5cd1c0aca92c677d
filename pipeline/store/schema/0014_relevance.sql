-- What domains are about, how near the two ends of a link are, and where domains are at home.

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS relevance Nullable(Float32) COMMENT 'cosine of what the two domains say, 0 to 1; NULL where of one too little text was read';

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS shared_terms Array(String) COMMENT 'the terms that add most to it';

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS similarity Nullable(Float32) COMMENT 'how alike the domains around the two are, -1 to 1, but for this link: co-citation over three hops, less what comes of popularity; NULL where one has no other link';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS relevance Nullable(Float32) COMMENT 'cosine of what the two domains say, 0 to 1; NULL where of one too little text was read';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS shared_terms Array(String) COMMENT 'the terms that add most to it';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS similarity Nullable(Float32) COMMENT 'how alike the domains around the two are, -1 to 1, but for this link: co-citation over three hops, less what comes of popularity; NULL where one has no other link';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS topical_terms Array(String) COMMENT 'what its pages say more than others do, the heaviest first; link text has no part';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS relevance Nullable(Float64) COMMENT 'of its referring domains, the mean by weight; NULL where it is known of none';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS relevance_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is best';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS relevance_known Nullable(Float64) COMMENT 'share of its referring domains whose relevance is known; NULL where none links';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS topical_terms Array(String) COMMENT 'what its pages say more than others do, the heaviest first; link text has no part';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS relevance Nullable(Float64) COMMENT 'of its referring domains, the mean by weight; NULL where it is known of none';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS relevance_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is best';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS relevance_known Nullable(Float64) COMMENT 'share of its referring domains whose relevance is known; NULL where none links';

-- By which terms a domain is found, in a snapshot.
CREATE TABLE domain_terms
(
    snapshot UInt64 COMMENT 'as in snapshots',
    term String COMMENT 'word, or pair of CJK characters, or four of another script without spaces',
    domain String COMMENT 'registered domain whose pages say it',
    weight Float32 COMMENT 'the more its pages say it and the fewer domains do, 0 to 1; squares of those of a domain sum to 1 at most'
)
ENGINE = MergeTree
PARTITION BY snapshot
ORDER BY (term, domain)
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1, default_compression_codec = 'ZSTD(3)';

-- The same to the side: written here and swapped in whole.
CREATE TABLE domain_terms_next AS domain_terms;
