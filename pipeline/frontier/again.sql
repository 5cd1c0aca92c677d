-- Asks for every page that was ever fetched again, now. Reads the frontier whole.
INSERT INTO frontier_in (domain, host, path, wanted)
SELECT
    domain,
    host,
    path,
    {wanted:UInt32}
FROM frontier
GROUP BY bucket, domain, host, path
HAVING max(fetched) > 0
