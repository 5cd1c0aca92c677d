-- What changed on a domain's backlinks lately? Cost: reads the looks of that target's links alone.
SELECT source_url, what, anchor_before, anchor_after, rel_before, rel_after, changed_by
FROM link_changes(domain = 'example.org')
ORDER BY changed_by DESC
LIMIT 20
