-- Ports that the hosts of seeds name, 0 for a scheme's own, and whether one is an IP address: what was
-- asked for at no hops from a seed. Reads the hosts of these.
SELECT
    toUInt16OrZero(extract(host, ':([0-9]+)$')) AS port,
    max(startsWith(host, '[') OR match(host, '^[0-9.]+(:[0-9]+)?$')) AS is_ip
FROM frontier
WHERE hops = 0 AND wanted > 0
GROUP BY port
