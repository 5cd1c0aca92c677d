-- From which addresses are the most sites served? Cost: reads it whole, a row a domain.
SELECT substring(last_address, 21) AS ip, count() AS domains
FROM (SELECT domain, max(address) AS last_address FROM whereabouts GROUP BY domain)
WHERE last_address != ''
GROUP BY ip
ORDER BY domains DESC, ip
LIMIT 20
