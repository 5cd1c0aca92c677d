-- How many pages arrived when, in order, of the domains after `after` up to `until` ('' is no bound). Reads the
-- arrivals since then, and tells one row an insert.
SELECT arrived, count() AS pages
FROM arrivals
WHERE arrived > {from:UInt64} AND arrived <= {to:UInt64}
    AND domain > {after:String} AND ({until:String} = '' OR domain <= {until:String})
GROUP BY arrived
ORDER BY arrived
LIMIT {limit:UInt64}
