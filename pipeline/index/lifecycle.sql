-- The life of every link on the pages that came in since the last run: sightings, proofs of loss,
-- doubts. A pure function of those pages' visits, so that running it again changes nothing.
-- Cost: the visits of the changed pages.
INSERT INTO links (target_domain, source_domain, source_host, source_path, target_host, target_path, kind, confirmed, doubt, absent, lost, absent_before)
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
            max(https) AS https,
            max(final_url) AS final_url,
            -- A WAT may miss what a crawl sees; a list says only that a link is there.
            transform(toInt8(source), [1, 2, 3, 4], [3, 3, 2, 1], 0) AS thoroughness,
            min(complete) = 1 AND uniqExact(part) = max(parts) AS complete,
            groupArrayArray(arrayZip(targets, target_domains, kinds)) AS links,
            multiIf(
                outcome = 'ok' AND complete, 1,
                outcome = 'gone', 2,
                outcome = 'redirect' AND status IN (301, 308), 3,
                outcome = 'redirect', 4,
                0) AS proof,
            multiIf(
                outcome = 'ok' AND NOT complete, 1,
                outcome IN ('error', 'timeout', 'robots', 'blocked', 'refused'), toUInt8(outcome),
                0) AS failure
        FROM page_links FINAL
        WHERE (domain, host, path) IN
        (
            SELECT domain, host, path
            FROM arrivals
            WHERE arrived > {from:UInt64} AND arrived <= {to:UInt64}
        )
        GROUP BY domain, host, path, at, source
    ),
    histories AS
    (
        SELECT
            domain,
            host,
            path,
            arraySort(groupArrayIf((at, proof, thoroughness, extractor), proof > 0)) AS proofs,
            arraySort(groupArrayIf((at, failure), failure > 0)) AS failed,
            arraySort(groupArrayIf(at, outcome = 'not_modified')) AS unmodified,
            arraySort(groupArrayIf(at, outcome = 'ok')) AS bodies
        FROM visits
        GROUP BY domain, host, path
    ),
    sightings AS
    (
        SELECT
            domain,
            host,
            path,
            link.1 AS target,
            link.2 AS target_domain,
            link.3 AS kind,
            min(at) AS first_seen,
            max(at) AS sighting,
            argMax(thoroughness, at) AS thoroughness,
            argMax(extractor, at) AS extractor
        FROM visits
        ARRAY JOIN links AS link
        GROUP BY domain, host, path, target, target_domain, kind
    )
SELECT
    target_domain,
    domain,
    host,
    path,
    substring(rest, 1, slash - 1),
    substring(rest, slash),
    kind,
    if(confirmed_at > 0, bitOr(bitShiftLeft(sighting_128, 64), toUInt128(confirmed_at)), 0) AS confirmed,
    if(length(failures) >= 2, bitOr(bitShiftLeft(sighting_128, 64), bitOr(bitShiftLeft(toUInt128(failures[-1].1), 16), toUInt128(failures[-1].2))), 0) AS doubt,
    if(proved_at > 0, bitOr(bitShiftLeft(sighting_128, 64), all_ones - toUInt128(later[1].1)), 0) AS absent,
    if(proved_at > 0, bitOr(bitShiftLeft(sighting_128, 80), bitOr(bitShiftLeft(all_ones - toUInt128(proved_at), 16), toUInt128(reason))), 0) AS lost,
    if(before > 0, bitOr(bitShiftLeft(all_ones - toUInt128(first_seen), 64), toUInt128(before)), 0) AS absent_before
FROM
(
    SELECT
        *,
        toUInt128(sighting) AS sighting_128,
        substring(target, position(target, '://') + 3) AS rest,
        position(rest, '/') AS slash,
        arrayFilter(p -> p.1 > sighting AND p.3 >= thoroughness AND p.4 >= extractor, proofs) AS later,
        -- Two visits of one kind prove a loss, a permanent redirect one.
        arraySort(arrayFilter(c -> c.1 > 0, [
            (arrayFilter(p -> p.2 = 1, later)[2].1, 1),
            (arrayFilter(p -> p.2 = 2, later)[2].1, 2),
            (arrayFilter(p -> p.2 = 3, later)[1].1, 3),
            (arrayFilter(p -> p.2 = 4, later)[2].1, 4)])) AS proved,
        proved[1].1 AS proved_at,
        proved[1].2 AS reason,
        arrayFilter(f -> f.1 > sighting, failed) AS failures,
        arrayFirst(b -> b > sighting, bodies) AS next_body,
        arrayLast(u -> u > sighting AND (next_body = 0 OR u < next_body), unmodified) AS confirmed_at,
        arrayLast(p -> p.2 = 1 AND p.1 < first_seen AND p.3 >= thoroughness, proofs).1 AS before
    FROM sightings
    INNER JOIN histories USING (domain, host, path)
)
WHERE confirmed > 0 OR doubt > 0 OR absent > 0 OR lost > 0 OR absent_before > 0
