-- By what answers are ordered: the snapshots (`job` is empty), and what was noted of two jobs. Of each job the row
-- of the greatest version counts: which snapshot referring domains are ordered by (1 while `score` changes that),
-- and since when they are rolled up as questions need them. Every question asks it before its own statement, so it
-- is made of what is planned soonest. Reads the few rows of snapshots and marks.
SELECT
    '' AS job,
    snapshot AS mark,
    snapshot AS version
FROM snapshots
UNION ALL
SELECT
    job,
    mark,
    version
FROM marks
WHERE job IN ({ranked:String}, {rolled:String})
