-- Level 5 takes a byte and a half off each link, most of it off the URLs of a visit, and merges take 1.4 times as
-- long; level 6 takes no more off. In `links` it is half a byte for as much. Parts that are there change as they merge.
ALTER TABLE page_links MODIFY SETTING default_compression_codec = 'ZSTD(5)';
