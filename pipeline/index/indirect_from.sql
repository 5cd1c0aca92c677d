-- The links on pages that came in since the last run to pages that lead on to another domain, or
-- ever did, for that domain.
-- Cost: the links of the changed pages.
INSERT INTO indirect_links (target_domain, source_domain, source_host, source_path, named_domain, named_host, named_path, kind, first_seen, listed, confirmed, doubt, lost, absent_before, uncounted, source_https, target_https, look)
WITH
    named AS
    (
        SELECT
            domain,
            host,
            path,
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
            AND target_domain IN (SELECT domain FROM leads WHERE ((active = 1 AND leads_on = '') OR notEmpty(opened)) AND end_domain != domain)
    ),
    led AS
    (
        SELECT DISTINCT domain, host, path, end_domain
        FROM leads FINAL
        WHERE (domain, host, path) IN (SELECT target_domain, target_host, target_path FROM named)
            AND ((active = 1 AND leads_on = '') OR notEmpty(opened)) AND end_domain != domain
    )
SELECT
    led.end_domain,
    source_domain,
    page_host,
    source_path,
    target_domain,
    target_host,
    target_path,
    kind,
    first_seen,
    listed,
    confirmed,
    doubt,
    lost,
    absent_before,
    uncounted,
    source_https,
    target_https,
    look
FROM links
INNER JOIN led ON led.domain = links.target_domain AND led.host = links.target_host AND led.path = links.target_path
WHERE (target_domain, source_domain, source_host, source_path) IN
    (
        -- The host as `links` has it in its key: by `page_host` the key would be searched without it.
        SELECT target_domain, domain, if(endsWith(concat('.', host), concat('.', domain)), left(host, length(host) - length(domain)), host), path
        FROM named
        WHERE (target_domain, target_host, target_path) IN (SELECT domain, host, path FROM led)
    )
    AND source_domain != led.end_domain
