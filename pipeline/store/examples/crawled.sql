-- How many pages were read on each day? Cost: reads it whole, a row a day.
SELECT day, uniqCombined64Merge(14)(pages_read) AS pages
FROM crawled
GROUP BY day
ORDER BY day DESC
LIMIT 20
