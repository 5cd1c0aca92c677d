-- How many pages arrived when, in order. Reads the arrivals since then, and tells one row an insert.
SELECT arrived, count() AS pages
FROM arrivals
WHERE arrived > {from:UInt64}
GROUP BY arrived
ORDER BY arrived
LIMIT {limit:UInt64}
