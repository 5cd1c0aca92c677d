-- How many pages of each domain were fetched whole.
SELECT domain, toUInt32(countIf(complete > 0)) AS pages
FROM (SELECT domain, host, path, max(last_complete) AS complete FROM pages GROUP BY domain, host, path)
GROUP BY domain
