-- What 0024 told in another way goes; by their old names the columns can still be asked, and keep no bytes.

ALTER TABLE links DROP COLUMN IF EXISTS seen;

ALTER TABLE links DROP COLUMN IF EXISTS anchor;

ALTER TABLE links ADD COLUMN IF NOT EXISTS page_host String ALIAS if(source_host = '' OR endsWith(source_host, '.'), concat(source_host, source_domain), source_host) COMMENT 'host of the page, with a port that is not default';

ALTER TABLE links ADD COLUMN IF NOT EXISTS seen UInt64 ALIAS if(look < '004', toUInt64(0), byteSwap(reinterpretAsUInt64(base64URLDecode(translate(substring(look, 1, 11), '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~', 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'))))) COMMENT 'latest sighting: at << 16 | source << 8 | canonicalised << 7 | position << 4 | noindex << 3 | rel; 0 where a list alone tells of the link';

ALTER TABLE links ADD COLUMN IF NOT EXISTS anchor String ALIAS substring(look, 12) COMMENT 'anchor text then: of several rows of a link that of the greatest look';

ALTER TABLE indirect_links DROP COLUMN IF EXISTS seen;

ALTER TABLE indirect_links DROP COLUMN IF EXISTS anchor;

ALTER TABLE indirect_links ADD COLUMN IF NOT EXISTS seen UInt64 ALIAS if(look < '004', toUInt64(0), byteSwap(reinterpretAsUInt64(base64URLDecode(translate(substring(look, 1, 11), '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~', 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'))))) COMMENT 'as in links';

ALTER TABLE indirect_links ADD COLUMN IF NOT EXISTS anchor String ALIAS substring(look, 12) COMMENT 'as in links';

ALTER TABLE page_links MODIFY COLUMN leads_domain String DEFAULT '' COMMENT 'its registered domain';

ALTER TABLE page_links DROP COLUMN IF EXISTS target_domains;

ALTER TABLE page_links ADD COLUMN IF NOT EXISTS target_domains Array(String) ALIAS arrayMap((target, cut) -> substring(target, cut.1, cut.2), targets, target_cuts) COMMENT 'their registered domains, in the same order';

-- Every link with its life told in columns. Ask it by target_domain: it reads only those rows.
CREATE OR REPLACE VIEW link_states AS
SELECT
    target_domain,
    source_domain,
    if(source_host = '' OR endsWith(source_host, '.'), concat(source_host, source_domain), source_host) AS source_host,
    source_path,
    target_host,
    target_path,
    toString(kind) AS kind,
    concat(if(source_https = 1, 'https://', 'http://'), source_host, source_path) AS source_url,
    concat(if(target_https = 1, 'https://', 'http://'), target_host, target_path) AS target_url,
    multiIf(lost_epoch = epoch, 'lost', noindex = 1 OR elsewhere = 1, 'lost', doubt_epoch = epoch, 'unverified', seen = 0, 'unverified', 'live') AS state,
    multiIf(lost_epoch = epoch, transform(toUInt16(bitAnd(bitShiftRight(lost, 44), 65535)), [1, 2, 3, 4], ['removed', 'gone', 'redirected', 'redirected'], ''), noindex = 1, 'noindex', elsewhere = 1, 'canonicalised', doubt_epoch = epoch, transform(toUInt16(bitAnd(doubt, 65535)), [1, 5, 6, 7, 8, 9], ['incomplete', 'error', 'timeout', 'robots', 'blocked', 'refused'], ''), seen = 0, 'list', '') AS reason,
    first_seen,
    if(all_ones - bitShiftRight(absent_before, 64) = first_seen, toUInt64(bitAnd(absent_before, 18446744073709551615)), 0) AS not_before,
    sighting + if(seen = 0, 0, toUInt64(bitAnd(epoch, 1099511627775))) AS last_seen,
    if(lost_epoch = epoch, toUInt64(all_ones - toUInt128(bitAnd(lost, 17592186044415))), uncounted_since) AS lost_by,
    multiIf(seen = 0, 0, noindex = 1 OR elsewhere = 1, counted, last_seen) AS counted_until,
    bitAnd(told, 1) AS nofollow,
    bitAnd(bitShiftRight(told, 1), 1) AS ugc,
    bitAnd(bitShiftRight(told, 2), 1) AS sponsored,
    transform(toUInt8(bitAnd(bitShiftRight(told, 4), 7)), [0, 1, 2, 3, 4, 5], ['main', 'nav', 'header', 'footer', 'aside', 'comment'], '') AS position,
    transform(toUInt8(bitAnd(bitShiftRight(told, 8), 255)), [1, 2, 3, 4], ['crawl', 'warc', 'wat', 'list'], '') AS source,
    anchor
FROM
(
    SELECT
        target_domain,
        source_domain,
        source_host,
        source_path,
        target_host,
        target_path,
        kind,
        min(first_seen) AS first_seen,
        max(seen) AS seen,
        max(listed) AS listed,
        -- What we saw ourselves goes before what a list says.
        if(seen > 0, seen, listed) AS told,
        max(confirmed) AS confirmed,
        max(doubt) AS doubt,
        max(lost) AS lost,
        max(absent_before) AS absent_before,
        max(uncounted) AS uncounted,
        max(source_https) AS source_https,
        max(target_https) AS target_https,
        substring(max(look), 12) AS anchor,
        toUInt128(17592186044415) AS all_ones,
        bitShiftRight(told, 16) AS sighting,
        bitAnd(bitShiftRight(told, 3), 1) AS noindex,
        bitAnd(bitShiftRight(told, 7), 1) AS elsewhere,
        -- Told of the latest sighting alone: one since has another answer.
        (noindex = 1 OR elsewhere = 1) AND bitShiftRight(uncounted, 84) = sighting AS is_uncounted,
        if(is_uncounted, toUInt64(bitAnd(bitShiftRight(uncounted, 40), all_ones)), 0) AS counted,
        if(counted > 0, toUInt64(sighting - toUInt64(bitAnd(uncounted, 1099511627775))), 0) AS uncounted_since,
        -- What a loss and a doubt are told of: the sighting with what confirmed it since; of a mention in
        -- a list, which is less than any sighting, its time and whether the page was read since.
        greatest(confirmed, bitShiftLeft(toUInt128(sighting), if(seen > 0, 84, 40))) AS epoch,
        toUInt128(bitShiftRight(lost, 128)) AS lost_epoch,
        toUInt128(bitShiftRight(doubt, 128)) AS doubt_epoch
    FROM links
    GROUP BY target_domain, source_domain, source_host, source_path, target_host, target_path, kind
    -- That a page links to a site, a list may say without the page it links to: until the page is read.
    HAVING told > 0 AND NOT (seen = 0 AND target_path = '/*' AND bitAnd(epoch, 1) = 1)
);

-- Every link by each domain where it ends or ever did, and by the one that it names. Ask it by target_domain.
CREATE OR REPLACE VIEW all_link_states AS
SELECT
    target_domain,
    named_domain,
    source_domain,
    source_host,
    source_path,
    named_host,
    named_path,
    toString(kind) AS kind,
    concat(if(source_https = 1, 'https://', 'http://'), source_host, source_path) AS source_url,
    concat(if(target_https = 1, 'https://', 'http://'), named_host, named_path) AS target_url,
    multiIf(lost_epoch = epoch, 'lost', noindex = 1 OR elsewhere = 1, 'lost', doubt_epoch = epoch, 'unverified', seen = 0, 'unverified', 'live') AS state,
    multiIf(lost_epoch = epoch, transform(toUInt16(bitAnd(bitShiftRight(lost, 44), 65535)), [1, 2, 3, 4], ['removed', 'gone', 'redirected', 'redirected'], ''), noindex = 1, 'noindex', elsewhere = 1, 'canonicalised', doubt_epoch = epoch, transform(toUInt16(bitAnd(doubt, 65535)), [1, 5, 6, 7, 8, 9], ['incomplete', 'error', 'timeout', 'robots', 'blocked', 'refused'], ''), seen = 0, 'list', '') AS reason,
    first_seen,
    if(all_ones - bitShiftRight(absent_before, 64) = first_seen, toUInt64(bitAnd(absent_before, 18446744073709551615)), 0) AS not_before,
    sighting + if(seen = 0, 0, toUInt64(bitAnd(epoch, 1099511627775))) AS last_seen,
    if(lost_epoch = epoch, toUInt64(all_ones - toUInt128(bitAnd(lost, 17592186044415))), uncounted_since) AS lost_by,
    multiIf(seen = 0, 0, noindex = 1 OR elsewhere = 1, counted, last_seen) AS counted_until,
    bitAnd(told, 1) AS nofollow,
    bitAnd(bitShiftRight(told, 1), 1) AS ugc,
    bitAnd(bitShiftRight(told, 2), 1) AS sponsored,
    transform(toUInt8(bitAnd(bitShiftRight(told, 4), 7)), [0, 1, 2, 3, 4, 5], ['main', 'nav', 'header', 'footer', 'aside', 'comment'], '') AS position,
    transform(toUInt8(bitAnd(bitShiftRight(told, 8), 255)), [1, 2, 3, 4], ['crawl', 'warc', 'wat', 'list'], '') AS source,
    anchor
FROM
(
    SELECT
        target_domain,
        named_domain,
        source_domain,
        source_host,
        source_path,
        named_host,
        named_path,
        kind,
        min(first_seen) AS first_seen,
        max(seen) AS seen,
        max(listed) AS listed,
        -- What we saw ourselves goes before what a list says.
        if(seen > 0, seen, listed) AS told,
        max(confirmed) AS confirmed,
        max(doubt) AS doubt,
        max(lost) AS lost,
        max(absent_before) AS absent_before,
        max(uncounted) AS uncounted,
        max(source_https) AS source_https,
        max(target_https) AS target_https,
        substring(max(look), 12) AS anchor,
        toUInt128(17592186044415) AS all_ones,
        bitShiftRight(told, 16) AS sighting,
        bitAnd(bitShiftRight(told, 3), 1) AS noindex,
        bitAnd(bitShiftRight(told, 7), 1) AS elsewhere,
        -- Told of the latest sighting alone: one since has another answer.
        (noindex = 1 OR elsewhere = 1) AND bitShiftRight(uncounted, 84) = sighting AS is_uncounted,
        if(is_uncounted, toUInt64(bitAnd(bitShiftRight(uncounted, 40), all_ones)), 0) AS counted,
        if(counted > 0, toUInt64(sighting - toUInt64(bitAnd(uncounted, 1099511627775))), 0) AS uncounted_since,
        -- What a loss and a doubt are told of: the sighting with what confirmed it since; of a mention in
        -- a list, which is less than any sighting, its time and whether the page was read since.
        greatest(confirmed, bitShiftLeft(toUInt128(sighting), if(seen > 0, 84, 40))) AS epoch,
        toUInt128(bitShiftRight(lost, 128)) AS lost_epoch,
        toUInt128(bitShiftRight(doubt, 128)) AS doubt_epoch
    FROM
    (
        SELECT target_domain, source_domain, page_host AS source_host, source_path, target_domain AS named_domain, target_host AS named_host, target_path AS named_path, kind, first_seen, seen, listed, confirmed, doubt, lost, absent_before, uncounted, source_https, target_https, look
        FROM links
        UNION ALL
        SELECT target_domain, source_domain, source_host, source_path, named_domain, named_host, named_path, kind, first_seen, seen, listed, confirmed, doubt, lost, absent_before, uncounted, source_https, target_https, look
        FROM indirect_links
    )
    GROUP BY target_domain, source_domain, source_host, source_path, named_domain, named_host, named_path, kind
    -- That a page links to a site, a list may say without the page it links to: until the page is read.
    HAVING told > 0 AND NOT (seen = 0 AND named_path = '/*' AND bitAnd(epoch, 1) = 1)
);
