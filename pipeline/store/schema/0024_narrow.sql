-- What takes most of a link's bytes, told once: the anchor text with the sighting that it is of, a host without its
-- registered domain, and where in a URL its registered domain stands.
-- Run again after it was stopped in the middle, it comes to the same: rows that are put twice become one.

ALTER TABLE links ADD COLUMN IF NOT EXISTS look SimpleAggregateFunction(max, String) COMMENT 'latest sighting as in seen, or where a list alone tells of the link its latest mention (ms since 1970): eleven characters of six bits each, the highest first, in an alphabet that sorts as they do; then the anchor text at that time';

ALTER TABLE indirect_links ADD COLUMN IF NOT EXISTS look SimpleAggregateFunction(max, String) COMMENT 'as in links';

ALTER TABLE page_links ADD COLUMN IF NOT EXISTS target_cuts Array(Tuple(start UInt16, length UInt8)) COMMENT 'of each of them, which bytes are its registered domain, from 1';

ALTER TABLE links COMMENT COLUMN source_host 'page_host, without the registered domain where it ends in it: www. for www.example.org';

ALTER TABLE indirect_links COMMENT COLUMN source_host 'host of the page, with a port that is not default';

ALTER TABLE links_from_records MODIFY QUERY
SELECT
    target_domain,
    domain AS source_domain,
    if(endsWith(concat('.', host), concat('.', domain)), left(host, length(host) - length(domain)), host) AS source_host,
    path AS source_path,
    substring(rest, 1, slash - 1) AS target_host,
    substring(rest, slash) AS target_path,
    kind,
    at AS first_seen,
    if(source = 'list', bitOr(bitShiftLeft(at, 16), bitOr(bitShiftLeft(4::UInt64, 8), bitOr(bitShiftLeft(place::UInt64, 4), rel::UInt64))), 0) AS listed,
    https AS source_https,
    startsWith(target, 'https:') AS target_https,
    -- A list's anchor is told where there is none of our own, whose time is always greater.
    if(source = 'list', at, bitOr(bitShiftLeft(at, 16), bitOr(bitShiftLeft(CAST(source, 'Enum8(\'crawl\' = 1, \'warc\' = 2, \'wat\' = 3, \'list\' = 4)')::UInt64, 8), bitOr(bitShiftLeft(elsewhere::UInt64, 7), bitOr(bitShiftLeft(place::UInt64, 4), bitOr(bitShiftLeft(noindex::UInt64, 3), rel::UInt64)))))) AS last,
    concat(translate(base64URLEncode(reinterpretAsFixedString(byteSwap(last))), 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~'), anchor) AS look
FROM
(
    SELECT
        domain, host, path, https, at, source, noindex, target, target_domain, kind, rel, place, anchor,
        leads_by = 'canonical' AND kind NOT IN ('canonical', 'redirect') AS elsewhere,
        substring(target, position(target, '://') + 3) AS rest,
        position(rest, '/') AS slash
    FROM page_records
    ARRAY JOIN
        targets AS target,
        target_domains AS target_domain,
        kinds AS kind,
        rels AS rel,
        positions AS place,
        anchors AS anchor
);

ALTER TABLE page_links_from_records MODIFY QUERY
SELECT domain, host, path, at, source, part, parts, outcome, status, complete, incomplete, extractor, noindex, https, final_url, targets, arrayMap((target, its_domain) -> (position(target, its_domain), length(its_domain)), targets, target_domains) AS target_cuts, kinds, leads_to, leads_domain, leads_by
FROM page_records;

-- What is there already, in the new form, and then without the old.
INSERT INTO links (target_domain, source_domain, source_host, source_path, target_host, target_path, kind, first_seen, listed, confirmed, doubt, lost, absent_before, uncounted, source_https, target_https, look)
SELECT
    target_domain,
    source_domain,
    if(endsWith(concat('.', source_host), concat('.', source_domain)), left(source_host, length(source_host) - length(source_domain)), source_host),
    source_path,
    target_host,
    target_path,
    kind,
    first_seen,
    listed,
    confirmed,
    doubt,
    lost,
    absent_before,
    uncounted,
    source_https,
    target_https,
    concat(translate(base64URLEncode(reinterpretAsFixedString(byteSwap(if(seen > 0, seen, bitShiftRight(listed, 16))))), 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~'), finalizeAggregation(anchor))
FROM links
WHERE look = '';

ALTER TABLE links DELETE WHERE endsWith(concat('.', source_host), concat('.', source_domain)) SETTINGS mutations_sync = 2;

ALTER TABLE indirect_links UPDATE look = concat(translate(base64URLEncode(reinterpretAsFixedString(byteSwap(if(seen > 0, seen, bitShiftRight(listed, 16))))), 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~'), finalizeAggregation(anchor)) WHERE look = '' SETTINGS mutations_sync = 2;

-- Where a page leads stood in no column of rows from before 0006, and was reckoned from what goes now.
ALTER TABLE page_links UPDATE leads_to = leads_to, leads_domain = leads_domain, leads_by = leads_by, target_cuts = arrayMap((target, its_domain) -> (position(target, its_domain), length(its_domain)), targets, target_domains) WHERE leads_to != '' OR length(target_cuts) < length(targets) SETTINGS mutations_sync = 2;
