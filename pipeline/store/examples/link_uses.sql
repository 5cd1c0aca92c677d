-- Which texts link one page of a large domain? Cost: reads the rows of that target alone, one a referring
-- domain. Ask link_uses_of unless you know that the target is in large_targets.
SELECT anchor, sum(number) AS live, uniqExact(source_domain) AS referring_domains
FROM link_uses FINAL
ARRAY JOIN anchors AS anchor, pages AS page, links AS number
WHERE target_domain = 'example.org' AND page = 'example.org/'
GROUP BY anchor
ORDER BY referring_domains DESC, anchor
LIMIT 20
