-- How strongly each domain and each URL is linked in a snapshot, for planning. Reads links once, and the
-- snapshot's domains. Domains count by authority, without trusted seeds by harmonic centrality; a URL by
-- the domains that link to it, followed and once each, one that is unknown for a fiftieth. What is
-- suppressed has no part, though it were not erased yet.
INSERT INTO page_strength_next (snapshot, bucket, domain, host, path, strength)
WITH
    suppressed AS (SELECT name FROM controls FINAL WHERE verb = 'suppress' AND value > 0),
    (SELECT groupArray(name) FROM suppressed WHERE position(name, '/') > 0) AS prefixes,
    strengths AS
    (
        SELECT
            domain,
            if(referring_domains = 0, 0, greatest(0, ifNull(authority / 100, if(domains > 1, 1 - log(harmonic_rank) / log(domains), 0)))) AS strength
        FROM domain_quality
        WHERE snapshot = {snapshot:UInt64}
    )
SELECT
    {snapshot:UInt64},
    cityHash64(domain) % 1024,
    domain,
    host,
    path,
    strength
FROM
(
    SELECT
        domain,
        '' AS host,
        '' AS path,
        strength
    FROM strengths
    WHERE strength > 0
    UNION ALL
    SELECT
        target_domain AS domain,
        target_host AS host,
        target_path AS path,
        1 - exp(-sum(greatest(0.02, strengths.strength))) AS strength
    FROM
    (
        SELECT DISTINCT
            target_domain,
            target_host,
            target_path,
            source_domain
        FROM link_states
        WHERE state != 'lost' AND source != 'list' AND kind IN ('a', 'area', 'img-link', 'redirect') AND nofollow = 0 AND ugc = 0 AND sponsored = 0
            AND source_domain NOT IN (SELECT name FROM suppressed)
            AND source_host NOT IN (SELECT name FROM suppressed)
            AND if(position(source_host, ':') = 0, source_host, replaceRegexpOne(source_host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
            AND NOT arrayExists(p -> startsWith(concat(source_host, source_path), p) OR startsWith(concat(if(position(source_host, ':') = 0, source_host, replaceRegexpOne(source_host, ':[0-9]+$', '')), source_path), p), prefixes)
            AND target_domain NOT IN (SELECT name FROM suppressed)
            AND target_host NOT IN (SELECT name FROM suppressed)
            AND if(position(target_host, ':') = 0, target_host, replaceRegexpOne(target_host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
            AND NOT arrayExists(p -> startsWith(concat(target_host, target_path), p) OR startsWith(concat(if(position(target_host, ':') = 0, target_host, replaceRegexpOne(target_host, ':[0-9]+$', '')), target_path), p), prefixes)
    ) AS linking
    LEFT ANY JOIN strengths ON linking.source_domain = strengths.domain
    GROUP BY target_domain, target_host, target_path
)
