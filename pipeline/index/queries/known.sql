-- What the index knows of a domain itself and in all: its pages, the newest snapshot.
SELECT
    (SELECT count() FROM (SELECT host, path FROM pages WHERE domain = {domain:String} GROUP BY host, path HAVING max(last_complete) > 0)) AS own_pages,
    (SELECT count() FROM (SELECT host, path FROM frontier WHERE domain = {domain:String} GROUP BY host, path HAVING max(fetched) = 0)) AS own_unfetched,
    (SELECT max(snapshot) FROM snapshots) AS snapshot,
    (SELECT argMax(domains, snapshot) FROM snapshots FINAL) AS domains
