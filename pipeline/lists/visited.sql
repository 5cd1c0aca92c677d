-- Which of these pages were ever visited. Reads the rows of these pages alone.
SELECT
    domain,
    host,
    path
FROM pages
WHERE (domain, host, path) IN
(
    SELECT arrayJoin(arrayZip({domains:Array(String)}, {hosts:Array(String)}, {paths:Array(String)}))
)
GROUP BY domain, host, path
