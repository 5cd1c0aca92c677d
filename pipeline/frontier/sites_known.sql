-- How many rows the table sites has, merged or not: it is told without reading them.
SELECT count() AS sites
FROM sites
