-- How many rows wait beside page_quality to be put into it.
SELECT count() AS rows
FROM page_quality_next
WHERE snapshot > 1
