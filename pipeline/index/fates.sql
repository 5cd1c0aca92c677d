-- What became of the pages that came in since the last run, where any visit of them ever said that they lead
-- elsewhere or are gone. A pure function of those pages' visits: the row that knew most of them counts.
-- Cost: the visits of the changed pages.
INSERT INTO page_fates (domain, host, path, visits, https, outcome, status, since, not_before, leads_to, leads_domain, turns)
WITH
    visits AS
    (
        SELECT
            domain,
            host,
            path,
            at,
            max(https) AS https,
            max(status) AS status,
            min(outcome) AS outcome,
            outcome = 'ok' AND min(complete) = 1 AND uniqExact(part) = max(parts) AS whole,
            max(leads_by) AS by,
            max(leads_to) AS to,
            max(leads_domain) AS to_domain,
            outcome = 'redirect' OR (outcome = 'ok' AND by = 'redirect') AS redirects,
            multiIf(redirects, 1, whole AND by = 'canonical' AND to != '', 2, outcome = 'gone', 3, 0) AS fate,
            redirects OR whole OR outcome IN ('gone', 'not_modified') AS tells,
            -- What is for now, or may be a mistake, must be said twice.
            NOT (outcome = 'gone' OR (redirects AND status NOT IN (301, 308))) AS proves,
            replaceOne(max(incomplete), 'robots.txt: ', '') IN ('dns', 'connection', 'timeout') AND status = 0 AS away,
            status > 0 OR startsWith(max(incomplete), 'robots.txt: status') AS answers,
            count() AS parts_here
        FROM changed_visits FINAL
        PREWHERE run = {run:UInt64} AND (domain, host, path) IN
            (
                SELECT domain, host, path
                FROM changed_visits
                WHERE run = {run:UInt64} AND (outcome IN ('redirect', 'gone', 'error', 'timeout', 'robots') OR leads_by != 'nothing')
            )
        WHERE source IN ('crawl', 'warc')
        GROUP BY domain, host, path, at, source
    ),
    histories AS
    (
        SELECT
            domain,
            host,
            path,
            toUInt32(sum(parts_here)) AS visits,
            max(https) AS https,
            arraySort(groupArrayIf((at, if(fate = 0, ('', ''), (to, to_domain)) AS lead, if(outcome = 'not_modified', 9, fate) AS says, status, proves), tells)) AS told,
            arraySort(groupArrayIf(at, away)) AS failures,
            maxIf(at, answers) AS answered
        FROM visits
        GROUP BY domain, host, path
        HAVING countIf(tells AND fate > 0) > 0 OR length(failures) >= 3
    ),
    -- A 304 says again what the last body said.
    repeated AS
    (
        SELECT
            *,
            arrayFilter(v -> v.3 IN (0, 2), told) AS bodies,
            arrayMap(v -> if(v.3 = 9, arrayLast(b -> b.1 < v.1, bodies), v), told) AS meant,
            arrayMap((v, m) -> (v.1, (m.3, m.2), v.4, v.5), told, meant) AS said
        FROM histories
    ),
    -- Visits in a row that say the same, where that is proof.
    proofs AS
    (
        SELECT
            * EXCEPT (told, bodies, meant),
            arraySplit((v, previous) -> v.2 != previous.2, said, arrayPopBack(arrayPushFront(said, said[1]))) AS runs,
            arrayFilter(run -> length(run) >= 2 OR run[1].4, runs) AS proved,
            proved[-1][-1] AS current
        FROM repeated
    ),
    found AS
    (
        SELECT
            *,
            proved[arrayLastIndex(run -> run[1].2 != current.2, proved) + 1][1].1 AS first,
            arrayFilter(f -> f > answered, failures) AS silent,
            -- Three tries over a week, and no answer of any kind since.
            length(silent) >= 3 AND silent[-1] - silent[1] >= 604800000 AS is_away,
            arrayFilter((run, n) -> n = 1 OR run[1].2 != proved[n - 1][1].2, proved, arrayEnumerate(proved)) AS changed,
            arrayConcat(arrayMap(run -> (run[1].1, run[1].2), changed), if(is_away, [(silent[1], (toUInt8(4), ('', '')))], [])) AS begun
        FROM proofs
    )
SELECT
    domain,
    host,
    path,
    visits,
    https,
    if(is_away, 4, current.2.1) AS outcome,
    if(is_away, 0, current.3) AS status,
    if(is_away, silent[1], first) AS since,
    if(is_away, answered, arrayLast(v -> v.1 < first, said).1) AS not_before,
    if(is_away, '', current.2.2.1) AS leads_to,
    if(is_away, '', current.2.2.2) AS leads_domain,
    -- What a page can be made to say by its owner is bounded: the latest eight.
    arraySlice(arrayMap(
        (b, n) -> (
            b.1,
            if(b.2.1 = 4, answered, arrayLast(v -> v.1 < b.1, said).1),
            if(n = length(begun), 0, arrayLast(v -> v.2 = b.2 AND v.1 < begun[n + 1].1, said).1),
            transform(b.2.1, [0, 1, 2, 3], ['there', 'redirect', 'canonical', 'gone'], 'unreachable'),
            b.2.2.1,
            b.2.2.2
        ),
        begun,
        arrayEnumerate(begun)
    ), -8) AS turns
FROM found
