-- Asks for every URL known of a registered domain, or of one of its hosts, again. Reads one bucket's
-- rows of the domain. Done twice it changes nothing.
INSERT INTO frontier_in (domain, host, path, wanted)
SELECT
    domain,
    host,
    path,
    {wanted:UInt32}
FROM frontier
WHERE bucket = cityHash64({domain:String}) % 1024
    AND domain = {domain:String}
    AND ({host:String} = '' OR host = {host:String} OR startsWith(host, concat({host:String}, ':')))
GROUP BY bucket, domain, host, path
