-- The life of every link on the pages that came in since the last run (changed.sql): confirmations, proofs of loss,
-- doubts. A pure function of those pages' visits, so that running it again changes nothing; and
-- whatever is learned later only ever makes a packed integer greater, so that the order in which
-- visits come changes nothing either.
-- Cost: the visits of the changed pages.
INSERT INTO links (target_domain, source_domain, source_host, source_path, target_host, target_path, kind, confirmed, doubt, lost, absent_before, uncounted)
WITH
    toUInt128(17592186044415) AS all_ones,
    visits AS
    (
        SELECT
            domain,
            host,
            path,
            at,
            source,
            max(extractor) AS extractor,
            min(outcome) AS outcome,
            max(status) AS status,
            max(noindex) AS noindex,
            max(leads_by) = 'canonical' AS elsewhere,
            -- A WAT may miss what a crawl sees; a list says only that a link is there.
            transform(toInt8(source), [1, 2, 3, 4], [3, 3, 2, 1], 0) AS thoroughness,
            -- Parts of an import of only some links say that those are there, like a list.
            source = 'list' OR countIf(incomplete != 'filtered') = 0 AS partial,
            minIf(complete, incomplete != 'filtered') = 1 AS claimed,
            claimed AND uniqExactIf(part, incomplete != 'filtered') = maxIf(parts, incomplete != 'filtered') AS whole,
            groupArrayArray(arrayZip(targets, target_domains, kinds)) AS links,
            multiIf(
                outcome = 'ok' AND whole, 1,
                outcome = 'gone', 2,
                outcome = 'redirect' AND status IN (301, 308), 3,
                outcome = 'redirect', 4,
                0) AS proof,
            -- A part that has not come yet is no failure: it may still come.
            multiIf(
                partial, 0,
                outcome = 'ok' AND NOT claimed, 1,
                outcome IN ('error', 'timeout', 'robots', 'blocked', 'refused'), toUInt8(outcome),
                0) AS failure
        FROM changed_visits FINAL
        WHERE run = {run:UInt64}
        GROUP BY domain, host, path, at, source
    ),
    histories AS
    (
        SELECT
            domain,
            host,
            path,
            sipHash128(domain, host, path) AS page,
            arraySort(groupArrayIf((at, proof, thoroughness, extractor), proof > 0)) AS proofs,
            arraySort(groupArrayIf((at, failure), failure > 0)) AS failed,
            arraySort(groupArrayIf(at, outcome = 'not_modified')) AS unmodified,
            arraySort(groupArrayIf(at, outcome = 'ok' AND NOT partial)) AS bodies
        FROM visits
        GROUP BY domain, host, path
        -- Nothing is to be told of a page that held the same links each time, be it once, and that counts.
        HAVING max(noindex OR elsewhere) = 1 OR min(sipHash128(links)) != max(sipHash128(links))
    ),
    -- What is told of a link at once is one number that sorts: by time, which has 44 bits, after whether we saw
    -- it ourselves, which goes before what a list says, whenever it says it.
    sightings AS
    (
        SELECT
            page,
            link.1 AS target,
            link.3 AS kind,
            any(link.2) AS target_domain,
            -- Where two sources saw it at once, as an archive's WARC and WAT do, the lesser counts.
            min(bitOr(bitShiftLeft(at, 8), toUInt64(thoroughness))) AS first_thorough,
            min(bitOr(bitShiftLeft(at, 16), toUInt64(extractor))) AS first_extracted,
            max(bitOr(bitShiftLeft(own, 52), bitOr(bitShiftLeft(at, 8), toUInt64(255 - thoroughness)))) AS last_thorough,
            max(bitOr(bitShiftLeft(own, 60), bitOr(bitShiftLeft(at, 16), toUInt64(65535 - extractor)))) AS last_extracted,
            bitShiftRight(first_thorough, 8) AS first_seen,
            bitShiftRight(last_extracted, 60) = 1 AS was_seen,
            bitAnd(bitShiftRight(last_extracted, 16), toUInt64(all_ones)) AS sighting,
            bitAnd(first_thorough, 255) AS first_thoroughness,
            bitAnd(first_extracted, 65535) AS first_extractor,
            255 - bitAnd(last_thorough, 255) AS last_thoroughness,
            65535 - bitAnd(last_extracted, 65535) AS last_extractor,
            maxIf(at, NOT is_out AND own = 1) AS counted,
            arrayMin(arrayFilter(a -> a > counted, groupArrayIf(at, is_out))) AS uncounted_since
        FROM
        (
            SELECT
                sipHash128(domain, host, path) AS page,
                at,
                toUInt64(source != 'list') AS own,
                thoroughness,
                extractor,
                link,
                -- It stands, and does not count, since its page is kept out of search indexes, or names
                -- another that stands there for it.
                source != 'list' AND (noindex = 1 OR (elsewhere AND link.3 NOT IN ('canonical', 'redirect'))) AS is_out
            FROM visits
            ARRAY JOIN links AS link
            WHERE page IN (SELECT page FROM histories)
        )
        GROUP BY page, target, kind
    )
SELECT
    target_domain,
    domain,
    -- As `links` tells it: without the domain.
    if(endsWith(concat('.', host), concat('.', domain)), left(host, length(host) - length(domain)), host),
    path,
    substring(rest, 1, slash - 1),
    substring(rest, slash),
    kind,
    epoch AS confirmed,
    if(length(failures) >= 2, bitOr(bitShiftLeft(toUInt256(epoch), 128), bitOr(bitShiftLeft(toUInt256(failures[-1].1), 16), toUInt256(failures[-1].2))), 0) AS doubt,
    if(proved_at > 0, bitOr(bitShiftLeft(toUInt256(epoch), 128), bitOr(bitShiftLeft(toUInt256(all_ones - toUInt128(proved_at)), 60), bitOr(bitShiftLeft(toUInt256(reason), 44), toUInt256(all_ones - toUInt128(later[1].1))))), 0) AS lost,
    if(before > 0, bitOr(bitShiftLeft(all_ones - toUInt128(first_seen), 64), toUInt128(before)), 0) AS absent_before,
    if(uncounted_since > 0, bitOr(bitShiftLeft(toUInt128(sighting), 84), bitOr(bitShiftLeft(toUInt128(counted), 40), toUInt128(least(sighting - uncounted_since, 1099511627775)))), 0) AS uncounted
FROM
(
    SELECT
        *,
        substring(target, position(target, '://') + 3) AS rest,
        position(rest, '/') AS slash,
        -- A 304 says that the last body stands; it confirms what that body held, and no list.
        arrayFirst(b -> b > sighting, bodies) AS next_body,
        if(was_seen, arrayLast(u -> u > sighting AND (next_body = 0 OR u < next_body), unmodified), 0) AS confirmed_at,
        greatest(sighting, confirmed_at) AS last_seen,
        -- Of a list's mention less than of any sighting, and whether the page was read since.
        if(was_seen,
            bitOr(
                bitShiftLeft(toUInt128(sighting), 84),
                bitOr(
                    if(next_body = 0, toUInt128(0), bitShiftLeft(all_ones - toUInt128(next_body), 40)),
                    toUInt128(least(last_seen - sighting, 1099511627775)))),
            bitOr(bitShiftLeft(toUInt128(sighting), 40), toUInt128(next_body > 0))) AS epoch,
        arrayFilter(p -> p.1 > last_seen AND p.3 >= last_thoroughness AND p.4 >= last_extractor, proofs) AS later,
        -- Two visits of one kind prove a loss, a permanent redirect one.
        arraySort(arrayFilter(c -> c.1 > 0, [
            (arrayFilter(p -> p.2 = 1, later)[2].1, 1),
            (arrayFilter(p -> p.2 = 2, later)[2].1, 2),
            (arrayFilter(p -> p.2 = 3, later)[1].1, 3),
            (arrayFilter(p -> p.2 = 4, later)[2].1, 4)])) AS proved,
        proved[1].1 AS proved_at,
        proved[1].2 AS reason,
        arrayFilter(f -> f.1 > last_seen, failed) AS failures,
        arrayLast(p -> p.2 = 1 AND p.1 < first_seen AND p.3 >= first_thoroughness AND p.4 >= first_extractor, proofs).1 AS before
    FROM sightings
    INNER JOIN histories USING (page)
)
WHERE last_seen > sighting OR next_body > 0 OR before > 0 OR length(failures) >= 2 OR proved_at > 0 OR uncounted_since > 0
