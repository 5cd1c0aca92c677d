-- In which network the pages of each domain were last served: its /24, or its /48 of IPv6. Reads one row a
-- domain that was visited.
SELECT
    domain,
    multiIf(
        isIPv4String(ip), concat(IPv4NumToString(bitAnd(IPv4StringToNumOrDefault(ip), 4294967040)), '/24'),
        isIPv6String(ip), concat(cutIPv6(IPv6StringToNumOrDefault(ip), 10, 0), '/48'),
        ''
    ) AS network
FROM
(
    SELECT domain, substring(max(address), 21) AS ip
    FROM whereabouts
    GROUP BY domain
)
WHERE network != ''
ORDER BY domain
