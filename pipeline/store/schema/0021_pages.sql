-- How near trust is to each linked page by the links to it from other domains, and which of them bring it.

ALTER TABLE page_quality ADD COLUMN IF NOT EXISTS trusted_harmonic Nullable(Float64) COMMENT 'trust-weighted harmonic centrality of the page: the sum over domains of their trust over the links from each to the page, the last of them an external one; never more than its domain has; NULL without seeds, and in snapshots from before';

ALTER TABLE page_quality ADD COLUMN IF NOT EXISTS trusted_harmonic_rank Nullable(Float64) COMMENT 'among all linked pages, ties at their middle, 1 is best';

ALTER TABLE page_quality ADD COLUMN IF NOT EXISTS authority Nullable(Float64) COMMENT '100 * (1 - ln rank / ln N) by trusted_harmonic_rank, N as pages has it; NULL without seeds';

ALTER TABLE page_quality ADD COLUMN IF NOT EXISTS counted_domains UInt32 COMMENT 'referring domains by whose links authority goes: those with a followed link, but for what hangs on the domain of the page; 0 without seeds';

ALTER TABLE page_quality ADD COLUMN IF NOT EXISTS brings Array(Tuple(source_domain String, without Float64, rank Float64)) COMMENT 'the domains whose links bring the most of it, at most 3, the strongest first: trusted_harmonic without the links of each, and the rank it would have then';

ALTER TABLE page_quality_next ADD COLUMN IF NOT EXISTS trusted_harmonic Nullable(Float64) COMMENT 'trust-weighted harmonic centrality of the page: the sum over domains of their trust over the links from each to the page, the last of them an external one; never more than its domain has; NULL without seeds, and in snapshots from before';

ALTER TABLE page_quality_next ADD COLUMN IF NOT EXISTS trusted_harmonic_rank Nullable(Float64) COMMENT 'among all linked pages, ties at their middle, 1 is best';

ALTER TABLE page_quality_next ADD COLUMN IF NOT EXISTS authority Nullable(Float64) COMMENT '100 * (1 - ln rank / ln N) by trusted_harmonic_rank, N as pages has it; NULL without seeds';

ALTER TABLE page_quality_next ADD COLUMN IF NOT EXISTS counted_domains UInt32 COMMENT 'referring domains by whose links authority goes: those with a followed link, but for what hangs on the domain of the page; 0 without seeds';

ALTER TABLE page_quality_next ADD COLUMN IF NOT EXISTS brings Array(Tuple(source_domain String, without Float64, rank Float64)) COMMENT 'the domains whose links bring the most of it, at most 3, the strongest first: trusted_harmonic without the links of each, and the rank it would have then';

-- How near the linking pages are to what they link to.

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS page_relevance Nullable(Float32) COMMENT 'the nearest of its pairs of a linking page and the page it links to, by what both say: a cosine; NULL where no such pair was read whole, and in snapshots from before';

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS page_relevance_mean Nullable(Float32) COMMENT 'the mean of the same over its pairs';

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS page_relevance_pairs UInt8 COMMENT 'how many pairs were looked at: those read whole, at most 4, chosen by their hash';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS page_relevance Nullable(Float32) COMMENT 'the nearest of its pairs of a linking page and the page it links to, by what both say: a cosine; NULL where no such pair was read whole, and in snapshots from before';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS page_relevance_mean Nullable(Float32) COMMENT 'the mean of the same over its pairs';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS page_relevance_pairs UInt8 COMMENT 'how many pairs were looked at: those read whole, at most 4, chosen by their hash';
