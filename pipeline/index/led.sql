-- Pages of which it is to be found out where links to them get: those that came in since the last run and
-- ever led on, where they are linked from another domain, and those that a page which came in links to.
-- Cost: keys of the changed pages and of their targets; the links to a page that leads on for the first
-- time are looked for among those of its domain.
WITH
    arrived AS
    (
        SELECT domain, host, path
        FROM arrivals
        WHERE arrived > {from:UInt64} AND arrived <= {to:UInt64}
            AND domain > {after:String} AND ({until:String} = '' OR domain <= {until:String})
    ),
    known AS
    (
        SELECT DISTINCT domain, host, path
        FROM leads
        WHERE (domain, host, path) IN (SELECT domain, host, path FROM arrived)
    ),
    leading AS
    (
        SELECT domain, host, path
        FROM page_fates FINAL
        WHERE (domain, host, path) IN (SELECT domain, host, path FROM arrived)
            AND arrayExists(turn -> turn.5 != '', turns)
            AND (domain, host, path) NOT IN (SELECT domain, host, path FROM known)
    ),
    named AS
    (
        SELECT
            target_domain,
            substring(target, position(target, '://') + 3) AS rest,
            position(rest, '/') AS slash,
            substring(rest, 1, slash - 1) AS target_host,
            substring(rest, slash) AS target_path
        FROM changed_visits
        ARRAY JOIN
            targets AS target,
            target_domains AS target_domain
        WHERE run = {run:UInt64}
            AND target_domain IN (SELECT domain FROM page_fates WHERE arrayExists(turn -> turn.5 != '', turns))
    )
SELECT domain, host, path
FROM known
UNION DISTINCT
SELECT target_domain, target_host, target_path
FROM links
WHERE target_domain IN (SELECT domain FROM leading)
    AND (target_host, target_path) IN (SELECT host, path FROM leading)
    AND (target_domain, target_host, target_path) IN (SELECT domain, host, path FROM leading)
UNION DISTINCT
SELECT domain, host, path
FROM
(
    SELECT domain, host, path, arrayExists(turn -> turn.5 != '', turns) AS ever_led, 0 AS is_known
    FROM page_fates FINAL
    UNION ALL
    SELECT domain, host, path, 0, 1
    FROM leads
)
WHERE (domain, host, path) IN (SELECT target_domain, target_host, target_path FROM named)
GROUP BY domain, host, path
HAVING max(ever_led) = 1 AND max(is_known) = 0
