-- Where a domain of a snapshot would rank by trust-weighted harmonic centrality, ties at their middle, for
-- each of some values of it. Reads one column of the snapshot's domains.
SELECT
    arrayMap((above, alike) -> above + alike / 2 + 1, sumForEach(arrayMap(v -> toUInt64(trusted_harmonic > v * (1 + 1e-12)), {centralities:Array(Float64)})), sumForEach(arrayMap(v -> toUInt64(trusted_harmonic BETWEEN v * (1 - 1e-12) AND v * (1 + 1e-12)), {centralities:Array(Float64)}))) AS ranks
FROM domain_quality
WHERE snapshot = {snapshot:UInt64} AND trusted_harmonic IS NOT NULL AND domain != {domain:String}
