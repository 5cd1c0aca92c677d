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
    (SELECT argMax(mark, version) FROM marks WHERE job = 'lifecycle') AS looked_until,
    (SELECT max(version) FROM marks WHERE job = 'lifecycle') AS looked_at,
    if(looked_at = 0, 0, greatest(0, toUnixTimestamp64Milli(now64(3)) - toInt64(looked_at))) AS look_age_ms,
    (SELECT argMax(mark, version) FROM marks WHERE job = 'lifecycle took_ms') AS look_took_ms,
    (SELECT argMax(mark, version) FROM marks WHERE job = 'lifecycle pages') AS look_pages,
    (SELECT min(arrived) FROM arrivals WHERE arrived > looked_until) AS oldest,
    if(oldest = 0, 0, greatest(0, toUnixTimestamp64Milli(now64(3)) - toInt64(oldest))) AS behind_ms
