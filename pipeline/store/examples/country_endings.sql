-- Which country does each of these endings say? Cost: a list of some hundred.
SELECT ending, country
FROM country_endings
WHERE ending IN ('de', 'uk', 'io')
