-- Which pages of a domain are linked most strongly? Cost: by bucket and domain it reads that domain's
-- rows; else the table.
SELECT host, path, strength
FROM page_strength
WHERE bucket = cityHash64('example.org') % 1024 AND domain = 'example.org' AND host != ''
ORDER BY strength DESC
LIMIT 20
