-- How the links of large targets are used, rolled up: so that their anchor texts and their pages are counted
-- without reading their links.

-- With which text the live links of a pair of domains point to which page: of the targets in `large_targets`.
-- A row a pair, and 64 of a pair with thousands of links. Made anew from `links` by the lifecycle job when a
-- page of the pair came in; without live links its arrays are empty. All arrays are in the same order.
CREATE TABLE link_uses
(
    target_domain String COMMENT 'registered domain that is linked',
    source_domain String COMMENT 'registered domain that links',
    part UInt8 COMMENT 'of a pair with thousands of links, which part of its uses; else 0',
    written UInt64 COMMENT 'when the row was made, ms since 1970; the greatest is the current row',
    anchors Array(String) COMMENT 'anchor texts',
    pages Array(String) COMMENT 'host, path and query of the page that is linked with it',
    https Array(UInt8) COMMENT '1 where such a link ever pointed to https',
    links Array(UInt32) COMMENT 'live links with that text to that page',
    followed Array(UInt32) COMMENT 'of them, those that are followed'
)
ENGINE = ReplacingMergeTree(written)
ORDER BY (target_domain, source_domain, part)
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1, default_compression_codec = 'ZSTD(3)';

-- Registered domains with so many live links that `link_uses` has all of them: once there, always.
CREATE TABLE large_targets
(
    target_domain String COMMENT 'registered domain that is linked',
    since UInt64 COMMENT 'when its uses were first counted, ms since 1970'
)
ENGINE = ReplacingMergeTree
ORDER BY target_domain
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Blocks of 128 KB find more of what names and texts repeat: 1.1 bytes a link, and half a millisecond of a
-- question about a thousand. Those of 256 KB would take two. Parts get them when they are merged.
ALTER TABLE links MODIFY SETTING min_compress_block_size = 131072, max_compress_block_size = 131072;
