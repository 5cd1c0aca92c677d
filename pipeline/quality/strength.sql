-- How strongly each domain and each URL is linked in a snapshot, for planning. Reads links once, and the
-- snapshot's domains. Domains count by authority, without trusted seeds by harmonic centrality; a URL by
-- the domains that link to it, followed and once each, one that is unknown for a fiftieth.
INSERT INTO page_strength_next (snapshot, bucket, domain, host, path, strength)
WITH strengths AS
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
        WHERE state != 'lost' AND kind IN ('a', 'area', 'img-link', 'redirect') AND nofollow = 0 AND ugc = 0 AND sponsored = 0
    ) AS linking
    LEFT ANY JOIN strengths ON linking.source_domain = strengths.domain
    GROUP BY target_domain, target_host, target_path
)
