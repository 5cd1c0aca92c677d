-- For which countries did pages of a domain say that they are? Cost: by domain it reads a few rows.
SELECT country, country_by, uniqCombinedMerge(12)(pages) AS pages
FROM site_countries
WHERE domain = 'example.org'
GROUP BY country, country_by
ORDER BY pages DESC
