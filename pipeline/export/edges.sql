-- Who links to whom in a snapshot, by registered domain. Cost: the snapshot's rows, in the order of their
-- key, streamed.
SELECT *
FROM domain_edges
WHERE snapshot = {snapshot:UInt64}
ORDER BY target_domain, source_domain
