-- New URLs that are due and in scope, of sites that have all the pages that they may have. Reads the
-- buckets asked for as a plan does; the answer is one row.
WITH
    known AS
    (
        SELECT
            domain,
            host,
            path,
            max(fetched) AS visit,
            max(leased) AS lease,
            max(wanted) AS asked,
            toUInt32(bitShiftRight(visit, 32)) AS fetched_s,
            toUInt32(bitAnd(visit, 4294967295)) AS planned_s,
            bitShiftRight(lease, 32) > fetched_s AND bitAnd(lease, 4294967295) > {now:UInt32} AS waits,
            if(asked > fetched_s, least(asked, planned_s), planned_s) AS due_s
        FROM frontier
        WHERE bucket IN {buckets:Array(UInt16)}
        GROUP BY bucket, domain, host, path
        HAVING min(hops) <= {max_hops:UInt16}
    ),
    barred AS
    (
        SELECT name
        FROM controls
        WHERE verb IN ('block', 'suppress')
        GROUP BY verb, name
        HAVING argMax(value, at) > 0
    ),
    per_site AS
    (
        SELECT
            domain,
            countIf(fetched_s > 0 OR waits) AS taken,
            countIf(fetched_s = 0 AND NOT waits AND due_s <= {now:UInt32} AND host NOT IN (SELECT name FROM barred) AND if(position(host, ':') = 0, host, replaceRegexpOne(host, ':[0-9]+$', '')) NOT IN (SELECT name FROM barred)) AS fresh
        FROM known
        WHERE domain NOT IN (SELECT name FROM barred)
        GROUP BY domain
    )
SELECT
    sum(fresh) AS urls,
    argMax(domain, fresh) AS largest
FROM per_site
LEFT ANY JOIN
(
    SELECT domain, argMax(budget, at) AS site_budget
    FROM sites
    WHERE bucket IN {buckets:Array(UInt16)}
    GROUP BY domain
) AS budgets USING (domain)
WHERE fresh > 0 AND taken >= multiIf(
    transform(domain, {said_of:Array(String)}, {said_budget:Array(Int64)}, toInt64(-1)) >= 0, transform(domain, {said_of:Array(String)}, {said_budget:Array(Int64)}, toInt64(-1)),
    arrayExists(owner -> endsWith(domain, concat('.', owner)), {spent:Array(String)}), 0,
    site_budget > 0, toInt64(site_budget),
    {site_pages:Int64})
