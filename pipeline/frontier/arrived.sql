-- Registered domains with pages that came in since a mark, and when the latest did.
SELECT
    domain,
    max(arrived) AS latest
FROM arrivals
WHERE arrived > {from:UInt64}
GROUP BY domain
