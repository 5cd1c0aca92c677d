-- In which network the pages of each domain were last served: its /24, or its /48 of IPv6. An address that
-- only a machine or a house has says nothing of who is near whom. Reads one row a domain that was visited.
SELECT
    domain,
    multiIf(
        arrayExists(own -> isIPAddressInRange(if(isIPv4String(ip) OR isIPv6String(ip), ip, '127.0.0.1'), own), ['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', '::1/128', 'fc00::/7', 'fe80::/10']), '',
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
