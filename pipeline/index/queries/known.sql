-- What the index knows of a domain itself and in all: its pages, the domains that a web graph alone knows to link
-- here, the newest snapshot. Cost: its pages, its rows in the frontier, `graph_referrers` and `referrers`.
SELECT
    (SELECT count() FROM (SELECT host, path FROM pages WHERE domain = {domain:String} GROUP BY host, path HAVING max(last_complete) > 0)) AS own_pages,
    (SELECT count() FROM (SELECT host, path FROM frontier WHERE domain = {domain:String} GROUP BY host, path HAVING max(fetched) = 0)) AS own_unfetched,
    (SELECT uniqExact(source_domain) FROM graph_referrers WHERE target_domain = {domain:String} AND source_domain NOT IN (SELECT source_domain FROM referrers FINAL WHERE target_domain = {domain:String} AND live + lost + unverified + indirect + indirect_lost + indirect_unverified > 0)) AS graph_domains,
    (SELECT max(snapshot) FROM snapshots) AS snapshot,
    (SELECT argMax(domains, snapshot) FROM snapshots FINAL) AS domains
