-- Where do pages of a domain lead to? Cost: by domain it reads a few rows.
SELECT host, path, end_domain, end_host, end_path, hops
FROM leads FINAL
WHERE domain = 'example.org' AND active = 1 AND leads_on = ''
ORDER BY host, path
LIMIT 20
