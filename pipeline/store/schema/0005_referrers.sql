-- Who links to a domain, rolled up: so that a question about a domain with a million backlinks reads its
-- referring domains and not its links.

-- One row a pair of domains with a link between them, ever. Made anew from `links` by the lifecycle job when
-- a page of the pair came in; `authority` follows each snapshot.
CREATE TABLE referrers
(
    target_domain String COMMENT 'registered domain that is linked',
    source_domain String COMMENT 'registered domain that links',
    written UInt64 COMMENT 'when the row was made, ms since 1970; the greatest is the current row',
    live UInt32 COMMENT 'live links',
    lost UInt32 COMMENT 'lost links',
    unverified UInt32 COMMENT 'unverified links',
    followed UInt32 COMMENT 'live links that are followed',
    nofollow UInt32 COMMENT 'live links with rel nofollow',
    ugc UInt32 COMMENT 'live links with rel ugc',
    sponsored UInt32 COMMENT 'live links with rel sponsored',
    pages UInt32 COMMENT 'pages with a live link',
    target_pages UInt32 COMMENT 'pages that are linked by live links',
    places Array(UInt32) COMMENT 'live links by position: main, nav, header, footer, aside, comment',
    first_seen UInt64 COMMENT 'earliest visit with a link, ms since 1970',
    not_before UInt64 COMMENT 'last complete visit of that page without it before, ms since 1970; 0 where there was none',
    last_seen UInt64 COMMENT 'latest visit with a link, ms since 1970',
    lost_by UInt64 COMMENT 'when the last link was known to be gone, ms since 1970; 0 while one is not lost, or where it is not known',
    anchors Array(Tuple(anchor String, links UInt32)) COMMENT 'the ten most frequent anchor texts of the live links; estimated where there are more than thirty',
    source_host String COMMENT 'host of the page with the best link: live, followed, in the text, by name',
    source_path String COMMENT 'path and query of that page',
    source_https UInt8 COMMENT '1 where that page was ever asked for with https',
    target_host String COMMENT 'host that the best link points to',
    target_path String COMMENT 'path and query that it points to',
    target_https UInt8 COMMENT '1 where it ever pointed to https',
    kind LowCardinality(String) COMMENT 'of the best link',
    state LowCardinality(String) COMMENT 'of the best link',
    reason LowCardinality(String) COMMENT 'of the best link',
    position LowCardinality(String) COMMENT 'of the best link',
    rel UInt8 COMMENT 'of the best link: nofollow 1 + ugc 2 + sponsored 4',
    anchor String COMMENT 'of the best link',
    ip String COMMENT 'address that served its page at the latest visit; empty where it is not known',
    language LowCardinality(String) COMMENT 'language of its page; empty where it is not known',
    authority Nullable(Float32) COMMENT 'of the source domain in the last snapshot; NULL where it is unknown'
)
ENGINE = ReplacingMergeTree(written)
ORDER BY (target_domain, source_domain)
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1;
