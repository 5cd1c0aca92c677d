-- What links are worth and why, what a domain's and a page's backlinks are worth together, and how sure that is.

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS worth Nullable(Float64) COMMENT 'of the pair''s links together: the product of its factors; 0 where no trust leads to the source; NULL in snapshots from before';

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS worth_values Array(Float32) COMMENT 'the factors of worth: authority, trust, relevance, position, rel, kind, owner, pages, dilution';

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS worth_unknown_bits UInt16 COMMENT 'a bit a factor, the first the lowest: nothing is known of it, and a neutral value stands for it';

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS owner_place UInt32 COMMENT 'its place among the target''s referring domains of the same owner, by worth: 1 is the first; 0 in snapshots from before';

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS portfolio_share Nullable(Float64) COMMENT 'its part of the target''s portfolio_worth: worth * gamma ^ (owner_place - 1)';

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS worth_factors Array(Tuple(factor String, value Float64, ln Float64)) ALIAS arrayMap((f, v) -> (f, toFloat64(v), log(toFloat64(v))), ['authority', 'trust', 'relevance', 'position', 'rel', 'kind', 'owner', 'pages', 'dilution'], worth_values) COMMENT 'the factors by name; their logarithms sum to that of worth; minus infinity is worth 0';

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS worth_unknown Array(String) ALIAS arrayFilter((f, i) -> bitTest(worth_unknown_bits, i), ['authority', 'trust', 'relevance', 'position', 'rel', 'kind', 'owner', 'pages', 'dilution'], [0, 1, 2, 3, 4, 5, 6, 7, 8]) COMMENT 'factors of which nothing is known';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS worth Nullable(Float64) COMMENT 'of the pair''s links together: the product of its factors; 0 where no trust leads to the source; NULL in snapshots from before';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS worth_values Array(Float32) COMMENT 'the factors of worth: authority, trust, relevance, position, rel, kind, owner, pages, dilution';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS worth_unknown_bits UInt16 COMMENT 'a bit a factor, the first the lowest: nothing is known of it, and a neutral value stands for it';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS owner_place UInt32 COMMENT 'its place among the target''s referring domains of the same owner, by worth: 1 is the first; 0 in snapshots from before';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS portfolio_share Nullable(Float64) COMMENT 'its part of the target''s portfolio_worth: worth * gamma ^ (owner_place - 1)';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS worth_factors Array(Tuple(factor String, value Float64, ln Float64)) ALIAS arrayMap((f, v) -> (f, toFloat64(v), log(toFloat64(v))), ['authority', 'trust', 'relevance', 'position', 'rel', 'kind', 'owner', 'pages', 'dilution'], worth_values) COMMENT 'the factors by name; their logarithms sum to that of worth; minus infinity is worth 0';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS worth_unknown Array(String) ALIAS arrayFilter((f, i) -> bitTest(worth_unknown_bits, i), ['authority', 'trust', 'relevance', 'position', 'rel', 'kind', 'owner', 'pages', 'dilution'], [0, 1, 2, 3, 4, 5, 6, 7, 8]) COMMENT 'factors of which nothing is known';


ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS portfolio Nullable(Float64) COMMENT '100 * (1 - 2 ^ (-portfolio_worth / P50)), P50 as the formula has it; NULL without seeds';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS portfolio_worth_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is best';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS portfolio_worth Nullable(Float64) COMMENT 'what its backlinks are worth together: the sum of their portfolio_share';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS portfolio_low Nullable(Float64) COMMENT 'portfolio at the lower end of the interval over redrawn pages; NULL where portfolio is';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS portfolio_high Nullable(Float64) COMMENT 'at its upper end';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS independent_referrers Nullable(UInt32) COMMENT 'owners behind its referring domains, those of its own owner not counted';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS crawled_share Nullable(Float64) COMMENT 'how much of the sites that link to it was read, by weight; NULL where none does';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS confidence LowCardinality(String) COMMENT 'how sure its scores are: high, medium, low, or none where there are no seeds; empty in snapshots from before';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS portfolio Nullable(Float64) COMMENT '100 * (1 - 2 ^ (-portfolio_worth / P50)), P50 as the formula has it; NULL without seeds';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS portfolio_worth_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is best';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS portfolio_worth Nullable(Float64) COMMENT 'what its backlinks are worth together: the sum of their portfolio_share';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS portfolio_low Nullable(Float64) COMMENT 'portfolio at the lower end of the interval over redrawn pages; NULL where portfolio is';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS portfolio_high Nullable(Float64) COMMENT 'at its upper end';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS independent_referrers Nullable(UInt32) COMMENT 'owners behind its referring domains, those of its own owner not counted';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS crawled_share Nullable(Float64) COMMENT 'how much of the sites that link to it was read, by weight; NULL where none does';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS confidence LowCardinality(String) COMMENT 'how sure its scores are: high, medium, low, or none where there are no seeds; empty in snapshots from before';

-- What each linked page's backlinks are worth together in the last snapshot: the sum of its links' shares of
-- its domain's portfolio.
CREATE TABLE page_quality
(
    snapshot UInt64 COMMENT 'as in snapshots; only the last one is kept',
    domain String COMMENT 'registered domain of the page',
    host String COMMENT 'host of the page, with a port that is not default',
    path String COMMENT 'path and query of the page',
    score Nullable(Float64) COMMENT '100 * (1 - 2 ^ (-worth / P50)), P50 as the formula has it; NULL without seeds',
    worth Float64 COMMENT 'the sum of its links'' shares of the portfolio_worth of its domain',
    worth_rank Float64 COMMENT 'among all linked pages, 1 is best; what is alike within 1 in 10,000 shares the middle of its places',
    pages UInt64 COMMENT 'N: how many pages were ranked',
    referring_domains UInt32 COMMENT 'with a link that is not lost'
)
ENGINE = MergeTree
PARTITION BY snapshot
ORDER BY (domain, host, path)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE page_quality_next AS page_quality;
