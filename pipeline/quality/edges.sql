-- Who links to whom, by registered domain: links that are not lost. Reads all links once. What the
-- edge filter leaves out weighs 0.
-- A link counts by its place (a footer says less than a text); pages add up sub-linearly, so that a
-- sitewide link is not a thousand links.
SELECT
    {snapshot:UInt64} AS snapshot,
    source_domain,
    target_domain,
    toUInt32(count()) AS links,
    toUInt32(countIf(followed)) AS follow_links,
    toUInt32(uniqExact(source_host, source_path)) AS pages,
    log2(1 + sumIf(transform(position, ['main', 'aside', 'header', 'nav', 'footer', 'comment'], [1.0, 0.5, 0.4, 0.4, 0.2, 0.3], 0.5), counts)) AS weight
FROM
(
    SELECT
        source_domain,
        target_domain,
        source_host,
        source_path,
        position,
        nofollow = 0 AND ugc = 0 AND sponsored = 0 AS followed,
        followed OR {nofollow:UInt8} = 1 AS counts
    FROM link_states
    WHERE state != 'lost' AND kind IN ('a', 'area', 'img-link', 'redirect')
)
GROUP BY source_domain, target_domain
ORDER BY target_domain, source_domain
