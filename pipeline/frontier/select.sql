-- Which URLs of a slice to fetch next: due, in scope, as their host and site have room, in the order
-- that docs/planning.md tells. Reads the buckets asked for and never the whole frontier; cost grows
-- with their URLs. What is joined is of the same domains, or small: each shard of a cluster can answer
-- for its own. A candidate is one number: its key in the host's order << 64 | which path it is; for the
-- few that are chosen, chosen.sql reads the rest.
-- `only`: since when what is planned was asked for, whatever its site has room for; 0 for all.
-- Each step is a SELECT of its own, since an expression that is named and used again is spelled out; and
-- few compare with AND: to optimise that once took the store longer than all the rest of reading this.
-- Without what the two settings at the end turn off, a seventh of that is saved; and what begins with
-- notEmpty of a parameter is left out while nothing is in it.
WITH
    known AS
    (
        SELECT
            any(domain) AS domain,
            host,
            path,
            min(hops) AS hops,
            min(discovered) AS discovered,
            max(fetched) AS fetched,
            max(failures) AS visit,
            max(delay) AS delay,
            max(leased) AS lease,
            max(wanted) AS wanted,
            max(strength) AS strength
        FROM
        (
            SELECT domain, host, path, hops, discovered, fetched, failures, delay, leased, wanted, toUInt16(0) AS strength
            FROM frontier
            WHERE bucket IN {buckets:Array(UInt16)}
            UNION ALL
            SELECT domain, host, path, 65535, 4294967295, 0, 0, 0, 0, 0, toUInt16(1023 * strength) AS strength
            FROM page_strength
            WHERE bucket IN {buckets:Array(UInt16)} AND snapshot = {snapshot:UInt64} AND host != ''
        )
        GROUP BY host, path
        HAVING hops <= {max_hops:UInt16}
    ),
    -- Seconds of the packed integers, and whether it waits: planned and not yet fetched.
    times AS
    (
        SELECT
            *,
            toUInt32(bitShiftRight(fetched, 32)) AS fetched_s,
            toUInt32(bitAnd(fetched, 4294967295)) AS planned_s,
            wanted > bitShiftRight(fetched, 32) AS asked_for,
            bitShiftRight(lease, 32) > bitShiftRight(fetched, 32) AND bitAnd(lease, 4294967295) > {free:UInt32} AS waits
        FROM known
    ),
    dues AS
    (
        SELECT
            *,
            if(asked_for, least(wanted, planned_s), planned_s) AS due_s
        FROM times
    ),
    urls AS
    (
        SELECT
            domain,
            host,
            fetched_s,
            visit,
            delay,
            waits,
            NOT waits AND due_s <= {now:UInt32} AND ({only:UInt32} = 0 OR (asked_for AND wanted >= {only:UInt32})) AND NOT (notEmpty({beginnings:Array(String)}) AND hasAny({beginning_hosts:Array(String)}, [host, if(position(host, ':') = 0, host, replaceRegexpOne(host, ':[0-9]+$', ''))]) AND arrayExists(beginning -> startsWith(concat(host, path), beginning) OR startsWith(concat(if(position(host, ':') = 0, host, replaceRegexpOne(host, ':[0-9]+$', '')), path), beginning), {beginnings:Array(String)})) AS is_due,
            bitShiftLeft(toUInt128(bitOr(bitShiftLeft(toUInt64(fetched_s > 0), 62) + bitShiftLeft(toUInt64(NOT asked_for), 61), if(fetched_s > 0,
                -- What is overdue most by its own interval.
                toUInt64(4294967295 - least(4294967295, 1000. * ({now:UInt32} - fetched_s) / greatest(60, toInt64(due_s) - fetched_s))),
                -- Strongly linked, near to a seed, known for long, short.
                bitShiftLeft(toUInt64(1023 - least(1023, strength)), 51) + bitShiftLeft(toUInt64(least(hops, 255)), 43) + bitShiftLeft(toUInt64(discovered), 11) + least(length(path), 2047)))), 64) + cityHash64(path) AS candidate
        FROM dues
    ),
    hosts AS
    (
        SELECT
            any(domain) AS domain,
            host,
            -- What is said of a host is said of it at any port.
            if(position(host, ':') = 0, host, replaceRegexpOne(host, ':[0-9]+$', '')) AS bare,
            countIf(fetched_s > 0 OR waits) AS taken,
            countIf(waits) AS waiting,
            bitAnd(max(delay), 4294967295) AS host_delay_ms,
            -- A longer rest than a spider keeps of itself that is not over, whichever visit it was asked on.
            maxIf(1000 * bitShiftRight(delay, 32) + bitAnd(delay, 4294967295), bitAnd(delay, 4294967295) > {kept_ms:UInt32}) > 1000 * {now:UInt64} AS rests,
            -- The last eight visits: time << 32 | latency << 8 | failures in a row.
            arrayMap(v -> bitNot(v), groupArraySortedIf(8)(bitNot(visit), fetched_s > 0)) AS visits,
            arrayPartialSort({host_cap:UInt32}, groupArrayIf(candidate, is_due AND fetched_s = 0)) AS fresh,
            arrayPartialSort({host_cap:UInt32}, groupArrayIf(candidate, is_due AND fetched_s > 0)) AS again
        FROM urls
        GROUP BY host
    ),
    -- What operators said of the host and of its domain: priorities add, the longest delay holds.
    told AS
    (
        SELECT
            *,
            transform(domain, {said_of:Array(String)}, {said_priority:Array(Int64)}, 0) + if(bare = domain, 0, transform(bare, {said_of:Array(String)}, {said_priority:Array(Int64)}, 0)) + if(host = bare, 0, transform(host, {said_of:Array(String)}, {said_priority:Array(Int64)}, 0)) AS priority,
            greatest(transform(domain, {said_of:Array(String)}, {said_delay_ms:Array(Int64)}, -1), transform(bare, {said_of:Array(String)}, {said_delay_ms:Array(Int64)}, -1), transform(host, {said_of:Array(String)}, {said_delay_ms:Array(Int64)}, -1)) AS delay_ms,
            transform(domain, {said_of:Array(String)}, {said_budget:Array(Int64)}, -1) AS budget
        FROM hosts
        WHERE host NOT IN (SELECT name FROM controls WHERE verb IN ('block', 'suppress') GROUP BY verb, name HAVING argMax(value, at) > 0)
            AND bare NOT IN (SELECT name FROM controls WHERE verb IN ('block', 'suppress') GROUP BY verb, name HAVING argMax(value, at) > 0)
            AND domain NOT IN (SELECT name FROM controls WHERE verb IN ('block', 'suppress') GROUP BY verb, name HAVING argMax(value, at) > 0)
    ),
    answers AS
    (
        SELECT
            domain,
            host,
            taken,
            waiting,
            again,
            fresh,
            rests,
            host_delay_ms,
            bitAnd(bitShiftRight(arrayFirst(v -> bitAnd(v, 4294967040) > 0, visits), 8), 16777215) AS latency_ms,
            priority / 1000 AS priority,
            domain_strength,
            multiIf(
                budget >= 0, budget,
                {only:UInt32} > 0, 4294967295,
                notEmpty({spent:Array(String)}) AND arrayExists(owner -> endsWith(domain, concat('.', owner)), {spent:Array(String)}), 0,
                site_budget > 0, toInt64(site_budget),
                {site_pages:Int64}) AS budget,
            greatest({delay_s:Float64}, delay_ms / 1000, host_delay_ms / 1000) + if(empty(visits), 0.2, arrayAvg(v -> bitAnd(bitShiftRight(v, 8), 16777215), visits) / 1000) AS turn_s,
            arrayFirstIndex(v -> bitAnd(v, 255) = 0, arrayPushBack(visits, 0)) - 1 AS failed_in_a_row
        FROM told
        LEFT ANY JOIN
        (
            SELECT domain, toFloat64(strength) AS domain_strength
            FROM page_strength
            WHERE bucket IN {buckets:Array(UInt16)} AND snapshot = {snapshot:UInt64} AND host = ''
        ) AS strengths USING (domain)
        LEFT ANY JOIN
        (
            SELECT domain, argMax(budget, at) AS site_budget
            FROM sites
            WHERE bucket IN {buckets:Array(UInt16)}
            GROUP BY domain
        ) AS budgets USING (domain)
    ),
    -- A host's requests must all be met before their deadline; one that fails gets few.
    rooms AS
    (
        SELECT
            *,
            if(rests, 0, toInt64(least({host_cap:UInt32}, greatest(1, floor(0.25 * {deadline_s:Float64} / greatest(0.001, turn_s) / exp2(failed_in_a_row))))) - toInt64(waiting)) AS room
        FROM answers
    ),
    -- Its room is shared as the plan is; what falls between is drawn, or one of two would starve.
    shares AS
    (
        SELECT
            *,
            greatest(0, least(toInt64(length(again)), room, greatest(toInt64(floor(room * {revisits:Float64} + cityHash64(host, {now:UInt32}) / 18446744073709551616.)), room - toInt64(length(fresh))))) AS old
        FROM rooms
    ),
    parts AS
    (
        SELECT
            *,
            if(failed_in_a_row >= 3, 0, greatest(0, least(toInt64(length(fresh)), room - old))) AS new,
            sum(taken) OVER (PARTITION BY domain) AS site_taken
        FROM shares
    ),
    -- What is left of a site's budget goes to its hosts by their best URL.
    allowed AS
    (
        SELECT
            *,
            greatest(0, least(new, budget - toInt64(site_taken) - (sum(new) OVER (PARTITION BY domain ORDER BY fresh[1], host ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - new))) AS new_allowed,
            if(domain_strength > 0, 1, cityHash64(host, {day:UInt32}) / 18446744073709551616.) < {explore:Float64} AS is_explored
        FROM parts
    ),
    candidates AS
    (
        SELECT
            host,
            priority,
            domain_strength,
            is_explored,
            host_delay_ms,
            latency_ms,
            toUInt64(bitShiftRight(candidate, 64)) AS key,
            toUInt64(bitAnd(candidate, 18446744073709551615)) AS path_id
        FROM allowed
        ARRAY JOIN arrayConcat(arraySlice(again, 1, old), arraySlice(fresh, 1, new_allowed)) AS candidate
    )
-- Pools: 0 revisits, 1 new, 2 exploration. In the order within each; the planner puts them together.
SELECT
    host,
    path_id,
    host_delay_ms,
    latency_ms,
    multiIf(bitTest(key, 62), 0, bitAnd(bitShiftRight(key, 51), 2047) + is_explored = 2048, 2, 1) AS pool
FROM candidates
ORDER BY
    pool,
    bitTest(key, 61),
    multiIf(
        pool = 0, (4294967295 - bitAnd(key, 4294967295)) * (0.1 + domain_strength) * exp2(priority),
        pool = 2, toFloat64(cityHash64(host, {day:UInt32})),
        10 * (domain_strength + (1023 - bitAnd(bitShiftRight(key, 51), 1023)) / 1023) + priority) DESC,
    key,
    host,
    path_id
LIMIT {pages:UInt32} BY pool
SETTINGS optimize_redundant_functions_in_order_by = 0, optimize_and_compare_chain = 0
