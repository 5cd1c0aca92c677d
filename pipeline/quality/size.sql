-- About how many domains and edges a score will have, before it is begun. Reads the referring domains and
-- the domains of pages, a few columns of each; what was not counted yet is left out.
SELECT
    (SELECT count() FROM referrers FINAL WHERE live + unverified > 0) AS edges,
    (SELECT uniqCombined64(domain) FROM (SELECT target_domain AS domain FROM referrers UNION ALL SELECT source_domain AS domain FROM referrers UNION ALL SELECT domain FROM pages)) AS domains
