-- What was measured of every domain of the newest snapshot. Reads that snapshot's rows but their lists.
SELECT * EXCEPT (top_anchors, risk_reasons)
FROM domain_quality
WHERE snapshot = (SELECT max(snapshot) FROM snapshots)
ORDER BY domain
