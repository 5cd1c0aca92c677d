-- Which URLs to fetch next: due, in scope, within the budgets of their sites.
-- Reads the buckets asked for and never the whole frontier; cost grows with their URLs.
WITH
    known AS
    (
        SELECT
            domain,
            host,
            path,
            max(https) AS https,
            min(hops) AS hops,
            min(discovered) AS discovered,
            max(fetched) AS fetched,
            max(failures) AS failures,
            max(leased) AS lease,
            max(wanted) AS wanted,
            toUInt32(bitShiftRight(fetched, 32)) AS fetched_s,
            if(bitShiftRight(lease, 32) > fetched_s, toUInt32(bitAnd(lease, 4294967295)), 0) AS leased_until,
            if(wanted > fetched_s, least(wanted, toUInt32(bitAnd(fetched, 4294967295))), toUInt32(bitAnd(fetched, 4294967295))) AS due_s
        FROM frontier
        WHERE bucket >= {first_bucket:UInt16} AND bucket < {end_bucket:UInt32}
        GROUP BY bucket, domain, host, path
    ),
    ranked AS
    (
        SELECT
            *,
            sum(fetched > 0 OR leased_until > {free:UInt32}) OVER (PARTITION BY domain) AS taken,
            row_number() OVER (PARTITION BY domain, fetched > 0 OR leased_until > {free:UInt32} ORDER BY hops, discovered, length(path), host, path) AS place,
            -- Planned and not yet fetched: a host's requests must all be met before their deadline.
            sum(leased_until > {free:UInt32}) OVER (PARTITION BY host) AS waiting
        FROM known
        WHERE hops <= {max_hops:UInt16}
    ),
    due AS
    (
        SELECT
            *,
            row_number() OVER (PARTITION BY host ORDER BY hops, discovered, length(path), path) AS turn
        FROM ranked
        WHERE leased_until <= {free:UInt32}
            AND due_s <= {now:UInt32}
            AND (fetched > 0 OR taken + place <= {site_pages:UInt32})
    ),
    chosen AS
    (
        SELECT *
        FROM due
        WHERE waiting + turn <= {host_cap:UInt32}
    )
SELECT
    domain,
    host,
    path,
    https,
    hops,
    fetched_s,
    toUInt8(wanted > fetched_s) AS asked_for,
    toUInt8(if(bitShiftRight(failures, 32) = fetched_s, bitAnd(failures, 255), 0)) AS attempt
FROM chosen
LEFT JOIN
(
    SELECT domain, authority
    FROM domain_quality
    WHERE snapshot = {snapshot:UInt64}
) AS quality USING (domain)
ORDER BY fetched_s > 0, hops, ifNull(authority, 0) DESC, discovered, length(path), host, path
LIMIT {pages:UInt32}
