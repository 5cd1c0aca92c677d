-- When the oldest page was written that the lifecycle job has not looked at; 0 for none. Reads the arrivals
-- since then.
SELECT min(arrived) AS oldest
FROM arrivals
WHERE arrived > {mark:UInt64}
