-- How far a job is. Reads that job's few rows.
SELECT argMax(mark, version) AS mark, max(version) AS newest
FROM marks
WHERE job = {job:String}
