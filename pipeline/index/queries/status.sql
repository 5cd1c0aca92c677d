-- The size of each table, and what the frontier holds. Reads the frontier whole.
SELECT
    (SELECT count() FROM (SELECT 1 FROM pages GROUP BY domain, host, path)) AS pages,
    (SELECT uniqExact(domain) FROM pages) AS domains,
    (SELECT count() FROM (SELECT 1 FROM links GROUP BY target_domain, source_domain, source_host, source_path, target_host, target_path, kind HAVING max(seen) > 0)) AS links,
    (SELECT count() FROM (SELECT 1 FROM frontier GROUP BY bucket, domain, host, path)) AS urls,
    (SELECT count() FROM (SELECT 1 FROM frontier GROUP BY bucket, domain, host, path HAVING max(fetched) = 0)) AS unfetched,
    (SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()) AS bytes,
    (SELECT max(snapshot) FROM snapshots) AS snapshot,
    (SELECT count() FROM snapshots FINAL) AS snapshots,
    (SELECT max(arrived) - max(mark) FROM arrivals, (SELECT argMax(mark, version) AS mark FROM marks) AS marks) AS behind_ms
