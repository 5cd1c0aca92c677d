-- How many links to a domain there ever were, at most: as rows of its referring domains tell, merged or not; and
-- whether other pages ever led to its own. Reads its rows in `referrers`, and one in `leads_in`.
SELECT
    sum(toUInt64(live) + lost + unverified + indirect + indirect_lost + indirect_unverified) AS links,
    (SELECT count() FROM (SELECT 1 FROM leads_in WHERE end_domain = {domain:String} LIMIT 1)) AS ways
FROM referrers
WHERE target_domain = {domain:String}
