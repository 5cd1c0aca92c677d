-- Which sites may have the most pages, and why? Cost: reads it whole, a row a domain.
SELECT domain, argMax(pages, at) AS pages, argMax(texts, at) AS texts, argMax(merit, at) AS merit, argMax(budget, at) AS budget
FROM sites
GROUP BY bucket, domain
ORDER BY budget DESC
LIMIT 20
