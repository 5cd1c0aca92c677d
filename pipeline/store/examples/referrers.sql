-- Which domains link to a domain, the strongest first? Cost: reads the rows of that target alone, one a
-- referring domain.
SELECT source_domain, authority, live, followed, anchor
FROM referrers FINAL
WHERE target_domain = 'example.org' AND live > 0
ORDER BY authority DESC NULLS LAST, source_domain
LIMIT 20
