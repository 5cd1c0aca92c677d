-- The authority of these domains in the newest snapshot, NULL where it is unknown. Reads their rows.
SELECT
    domain,
    authority
FROM domain_quality
WHERE snapshot = (SELECT max(snapshot) FROM snapshots) AND domain IN {domains:Array(String)}
