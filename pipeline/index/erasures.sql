-- When each name was last erased. Reads the marks whole: one row a job, and one a name.
SELECT
    substring(job, length({job:String}) + 1) AS name,
    argMax(mark, version) AS mark,
    max(version) AS newest
FROM marks
WHERE startsWith(job, {job:String})
GROUP BY job
