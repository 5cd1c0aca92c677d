-- Which referring domains does a graph know of which no page was seen, the strongest first? Cost: reads the
-- rows of that target alone.
SELECT source_domain, graph, harmonic_rank
FROM graph_backlinks(domain = 'example.org')
WHERE source_domain NOT IN (SELECT source_domain FROM backlinks(domain = 'example.org'))
ORDER BY harmonic_rank
LIMIT 20
