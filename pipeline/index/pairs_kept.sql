-- How many rows the referring domains have, unmerged. Reads no row.
SELECT count() AS pairs
FROM referrers
