-- How many referring domains do graphs know of each domain? Cost: reads it whole; by target_domain a few
-- rows.
SELECT target_domain, uniqExact(source_domain) AS referring_domains
FROM graph_referrers
GROUP BY target_domain
ORDER BY referring_domains DESC
LIMIT 20
