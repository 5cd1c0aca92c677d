-- Which platforms' sites were read? Cost: reads it whole, a row a public suffix.
SELECT suffix, owner
FROM platforms FINAL
ORDER BY suffix
LIMIT 20
