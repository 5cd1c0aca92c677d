-- Referring domains of which lists said no more than that some page links somewhere to the site, once their
-- pages were read and have no such link: rows of noughts, since link_states tells of no link any more.
-- Cost: the visits of the pages that came in and that a list spoke of.
INSERT INTO referrers (target_domain, source_domain, written)
WITH unnamed AS
(
    SELECT DISTINCT target_domain, domain AS source_domain
    FROM page_links
    ARRAY JOIN
        targets AS target,
        target_domains AS target_domain
    WHERE source = 'list' AND endsWith(target, '/*') AND (domain, host, path) IN
    (
        SELECT domain, host, path
        FROM arrivals
        WHERE arrived > {from:UInt64} AND arrived <= {to:UInt64}
    )
)
SELECT
    target_domain,
    source_domain,
    {written:UInt64}
FROM unnamed
WHERE (target_domain, source_domain) NOT IN
(
    SELECT target_domain, source_domain
    FROM link_states
    WHERE (target_domain, source_domain) IN (SELECT target_domain, source_domain FROM unnamed)
)
