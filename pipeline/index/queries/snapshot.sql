-- The newest snapshot, 0 where there is none. Reads the few rows of snapshots.
SELECT max(snapshot) AS snapshot
FROM snapshots
