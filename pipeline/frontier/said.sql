-- What operators said that planning reckons with, but for blocked names, which select.sql looks up.
SELECT
    verb,
    name,
    argMax(value, at) AS value
FROM controls
WHERE verb IN ('pause', 'delay', 'budget', 'priority') OR (verb IN ('block', 'suppress') AND position(name, '/') > 0)
GROUP BY verb, name
