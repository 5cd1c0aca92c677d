-- By what answers are ordered: the newest snapshot, 0 where there is none; the one that referring domains are
-- ordered by (`ranked`; 1 while `score` changes that), where `score` ever said (`ranked_at` > 0); and since when
-- they are rolled up as questions need them (`rolled_at`, 0: not yet). Reads the few rows of snapshots and marks.
SELECT
    (SELECT max(snapshot) FROM snapshots) AS snapshot,
    argMaxIf(mark, version, job = {ranked:String}) AS ranked,
    maxIf(version, job = {ranked:String}) AS ranked_at,
    maxIf(version, job = {rolled:String}) AS rolled_at
FROM marks
WHERE job IN ({ranked:String}, {rolled:String})
