-- How many rows the frontier has, merged or not: it is told without reading them.
SELECT count() AS urls
FROM frontier
