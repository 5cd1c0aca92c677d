-- Public suffixes that platforms give to others' sites, and whose they are. A few rows.
SELECT DISTINCT suffix, owner
FROM platforms
ORDER BY suffix, owner
