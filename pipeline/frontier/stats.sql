-- What the frontier holds and what of it is due, in all (domain '') and of the domains with most URLs.
-- Reads the buckets asked for, in the order that they lie in: memory grows with domains, not with URLs.
-- barred: hosts and registered domains that nothing is asked of.
WITH
    known AS
    (
        SELECT
            domain,
            host,
            path,
            max(fetched) AS visit,
            max(failures) AS failure,
            max(leased) AS lease,
            max(wanted) AS asked,
            toUInt32(bitShiftRight(visit, 32)) AS fetched_s,
            if(bitShiftRight(lease, 32) > fetched_s, toUInt32(bitAnd(lease, 4294967295)), 0) AS leased_until,
            if(asked > fetched_s, least(asked, toUInt32(bitAnd(visit, 4294967295))), toUInt32(bitAnd(visit, 4294967295))) AS due_s,
            domain IN {barred:Array(String)} OR host IN {barred:Array(String)} OR if(position(host, ':') = 0, host, replaceRegexpOne(host, ':[0-9]+$', '')) IN {barred:Array(String)} AS is_blocked
        FROM frontier
        WHERE bucket < {buckets:UInt32}
        GROUP BY bucket, domain, host, path
    )
SELECT
    domain,
    count() AS known,
    countIf(visit > 0) AS fetched,
    countIf(NOT is_blocked AND leased_until <= {now:UInt32} AND due_s <= {now:UInt32}) AS due,
    countIf(leased_until > {now:UInt32}) AS leased,
    countIf(bitShiftRight(failure, 32) = fetched_s AND bitAnd(failure, 255) > 0) AS failing,
    countIf(is_blocked) AS blocked,
    uniq(host) AS hosts
FROM known
GROUP BY GROUPING SETS ((), (domain))
ORDER BY domain != '', known DESC, domain
LIMIT {rows:UInt32}
SETTINGS optimize_aggregation_in_order = 1
