-- Which country a top-level domain says. A list of some hundred.
SELECT ending, country
FROM country_endings
