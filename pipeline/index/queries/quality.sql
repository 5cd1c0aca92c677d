-- One domain's row in the newest snapshot.
SELECT *
FROM domain_quality
WHERE snapshot = (SELECT max(snapshot) FROM snapshots) AND domain = {domain:String}
