-- The public suffixes that platforms give to others' sites, and whose they are. Cost: the few rows there are.
SELECT suffix, owner
FROM platforms FINAL
