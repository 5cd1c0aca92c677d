-- Which pages of a domain have the backlinks that are worth most? Cost: by domain it reads that domain's
-- rows; else the table.
SELECT host, path, score, worth, referring_domains, worth_rank, pages, authority, brings[1].source_domain AS most_by
FROM page_quality
WHERE snapshot = (SELECT max(snapshot) FROM snapshots) AND domain = 'example.org'
ORDER BY worth DESC
LIMIT 20
