-- Which pages of other domains lead to a domain? Cost: by end_domain it reads a few rows.
SELECT domain, host, path, end_host, end_path, hops
FROM leads_in FINAL
WHERE end_domain = 'example.org' AND active = 1 AND leads_on = ''
ORDER BY domain, host, path
LIMIT 20
