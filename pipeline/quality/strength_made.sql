-- How many rows wait beside page_strength to be put into it.
SELECT count() AS rows
FROM page_strength_next
