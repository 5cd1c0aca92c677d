-- Whether it is kept how the links of a domain are used, and when they came and went. Cost: a row.
SELECT count() AS is_kept
FROM (SELECT 1 FROM large_targets WHERE target_domain = {domain:String} LIMIT 1)
