-- What the shape of the graph says of each domain. NULL is unknown, as in all snapshots from before.

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS trust_spread Nullable(Float64) COMMENT 'standard deviation of trust over redrawn halves of the seeds, NULL with fewer than two';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS seed_distance Nullable(UInt32) COMMENT 'fewest links from a trusted seed, NULL where no path leads';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS anti_trust Nullable(Float64) COMMENT 'how much of what it links to, near or far, is known spam: shares that sum to 1, NULL without known spam';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS anti_trust_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is the greatest';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS spam_mass Nullable(Float64) COMMENT 'share of its PageRank that does not come from the trusted part, NULL too where its PageRank is low';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS spam_mass_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is the greatest';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS truncated_pagerank Nullable(Float64) COMMENT 'share of its PageRank from more than two links away';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS truncated_pagerank_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is the greatest';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS trust_gap Nullable(Float64) COMMENT 'trust minus PageRank, in percentile points';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS trust_gap_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is the greatest';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS supporters_2 Nullable(UInt32) COMMENT 'domains within two links towards it';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS supporters_2_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is the greatest';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS trusted_supporters_2 Nullable(UInt32) COMMENT 'of them with at least an even share of the trust';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS trusted_supporters_2_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is the greatest';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS reciprocity Nullable(Float64) COMMENT 'share of the domains that link to it that it links back to';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS reciprocity_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is the greatest';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS in_out_overlap Nullable(Float64) COMMENT 'both over either of the domains that link to it and that it links to';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS in_out_overlap_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is the greatest';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS component Nullable(UInt32) COMMENT 'domains in its strongly connected component';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS dense_group Nullable(UInt32) COMMENT 'its tightest group of domains that link each other, by a number in this snapshot, NULL outside any';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS dense_size Nullable(UInt32) COMMENT 'domains in that group';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS in_degree Nullable(UInt32) COMMENT 'domains that link to it by edges that count';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS in_degree_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is the greatest';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS out_degree Nullable(UInt32) COMMENT 'domains that it links to by edges that count';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS out_degree_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is the greatest';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS trust_spread Nullable(Float64) COMMENT 'standard deviation of trust over redrawn halves of the seeds, NULL with fewer than two';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS seed_distance Nullable(UInt32) COMMENT 'fewest links from a trusted seed, NULL where no path leads';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS anti_trust Nullable(Float64) COMMENT 'how much of what it links to, near or far, is known spam: shares that sum to 1, NULL without known spam';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS anti_trust_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is the greatest';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS spam_mass Nullable(Float64) COMMENT 'share of its PageRank that does not come from the trusted part, NULL too where its PageRank is low';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS spam_mass_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is the greatest';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS truncated_pagerank Nullable(Float64) COMMENT 'share of its PageRank from more than two links away';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS truncated_pagerank_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is the greatest';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS trust_gap Nullable(Float64) COMMENT 'trust minus PageRank, in percentile points';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS trust_gap_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is the greatest';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS supporters_2 Nullable(UInt32) COMMENT 'domains within two links towards it';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS supporters_2_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is the greatest';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS trusted_supporters_2 Nullable(UInt32) COMMENT 'of them with at least an even share of the trust';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS trusted_supporters_2_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is the greatest';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS reciprocity Nullable(Float64) COMMENT 'share of the domains that link to it that it links back to';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS reciprocity_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is the greatest';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS in_out_overlap Nullable(Float64) COMMENT 'both over either of the domains that link to it and that it links to';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS in_out_overlap_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is the greatest';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS component Nullable(UInt32) COMMENT 'domains in its strongly connected component';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS dense_group Nullable(UInt32) COMMENT 'its tightest group of domains that link each other, by a number in this snapshot, NULL outside any';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS dense_size Nullable(UInt32) COMMENT 'domains in that group';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS in_degree Nullable(UInt32) COMMENT 'domains that link to it by edges that count';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS in_degree_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is the greatest';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS out_degree Nullable(UInt32) COMMENT 'domains that it links to by edges that count';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS out_degree_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is the greatest';
