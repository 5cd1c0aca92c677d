-- How many links of a domain name its own pages, and how many another's that led to it once? Cost: reads the
-- links of that target alone. Ask backlinks unless you need those that end elsewhere now.
SELECT named_domain, state, count() AS links
FROM all_link_states
WHERE target_domain = 'example.org'
GROUP BY named_domain, state
ORDER BY links DESC, named_domain, state
LIMIT 20
