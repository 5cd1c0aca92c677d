-- Forgets every URL known of a registered domain, or of one of its hosts. Rewrites the parts that
-- have some, and returns once all replicas have; what is found again later is known again.
ALTER TABLE frontier DELETE
WHERE bucket = cityHash64({domain:String}) % 1024
    AND domain = {domain:String}
    AND ({host:String} = '' OR host = {host:String} OR startsWith(host, concat({host:String}, ':')))
SETTINGS mutations_sync = 2
