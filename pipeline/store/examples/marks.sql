-- How far has each job read, and when was that noted? A mark is ms since 1970 for most jobs. Cost: a row
-- a job, and one a suppressed name.
SELECT job, argMax(mark, version) AS mark, fromUnixTimestamp64Milli(toInt64(max(version)), 'UTC') AS noted
FROM marks
GROUP BY job
ORDER BY job
