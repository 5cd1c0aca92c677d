-- Which domains have pages of the very same text as others have, and which texts: of texts that 2 to 20 domains
-- have, the four least of each domain. Reads all pages twice, in their order; what doesn't fit is sorted on the
-- disk.
WITH texts AS
(
    SELECT domain, toUInt64(bitAnd(max(pages.text), toUInt128(18446744073709551615))) AS text
    FROM pages
    GROUP BY domain, host, path
    HAVING text != 0 AND min(first_visit) <= {snapshot:UInt64}
)
SELECT domain, arraySlice(arraySort(groupUniqArray(text)), 1, 4) AS texts
FROM texts
WHERE text IN
(
    SELECT text
    FROM texts
    GROUP BY text
    HAVING uniqUpTo(20)(domain) BETWEEN 2 AND 20
)
GROUP BY domain
ORDER BY domain
SETTINGS max_bytes_before_external_group_by = 2000000000, optimize_aggregation_in_order = 1
