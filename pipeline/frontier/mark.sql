-- How far a job has read the arrivals.
SELECT
    argMax(mark, version) AS mark,
    max(version) AS newest
FROM marks
WHERE job = {job:String}
