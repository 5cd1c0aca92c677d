-- How many links to a domain there ever were, as its referring domains tell. Reads its rows in `referrers`.
SELECT sum(toUInt64(live) + lost + unverified + indirect + indirect_lost + indirect_unverified) AS links
FROM referrers FINAL
WHERE target_domain = {domain:String}
