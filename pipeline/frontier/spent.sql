-- Pages of all sites of one owner, where their names are its platform's. Reads the table sites.
SELECT
    owner,
    sum(pages) AS pages
FROM
(
    SELECT
        domain,
        argMax(owner, at) AS owner,
        argMax(pages, at) AS pages
    FROM sites
    GROUP BY bucket, domain
)
WHERE owner != domain
GROUP BY owner
