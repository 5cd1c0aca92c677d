-- How many pages of a domain were read on each day? Cost: by domain it reads a few rows.
SELECT day, uniqCombinedMerge(14)(pages_read) AS pages
FROM crawled_sites
WHERE domain = 'example.org'
GROUP BY day
ORDER BY day DESC
LIMIT 20
