-- How did each page of a domain answer, and what is its title? States of tuples: their fields are read
-- by name after merging. Cost: by domain it reads that domain's pages; else all.
SELECT host, path, argMaxMerge(visit) AS latest, latest.outcome AS outcome, latest.status AS status,
    argMaxIfMerge(content) AS whole, whole.title AS title, whole.language AS language
FROM pages
WHERE domain = 'example.org'
GROUP BY domain, host, path
LIMIT 20
