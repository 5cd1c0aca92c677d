-- Which other domains' pages are linked for a domain that they lead to, or led to once? Cost: reads the rows
-- of that target alone. Ask backlinks for what still leads there.
SELECT named_domain, named_host, named_path, uniqExact(source_domain) AS referring_domains
FROM indirect_links
WHERE target_domain = 'example.org'
GROUP BY named_domain, named_host, named_path
ORDER BY referring_domains DESC, named_host, named_path
LIMIT 20
