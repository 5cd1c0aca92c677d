-- Between which words do the links to a domain stand? Cost: by target_domain it reads that target's
-- rows; they are the longest of all tables.
SELECT source_host, source_path, text_before, text_after
FROM link_context FINAL
WHERE target_domain = 'example.org'
LIMIT 20
