-- Referring domains that linked by way of other domains alone, once no link gets there any more: rows of
-- noughts. They were not made anew with the others just now, since there is nothing to make them of.
-- Cost: the counts of all referring domains.
INSERT INTO referrers (target_domain, source_domain, written)
SELECT
    target_domain,
    source_domain,
    {written:UInt64}
FROM referrers FINAL
WHERE written < {written:UInt64}
    AND indirect + indirect_lost + indirect_unverified > 0
    AND live + lost + unverified = 0
    AND
    (
        {whole:UInt8} = 1
        OR {erased:UInt8} = 1
        OR (target_domain, source_domain) IN
        (
            SELECT target_domain, source_domain
            FROM indirect_links
            WHERE (target_domain, named_domain, named_host, named_path) IN (SELECT end_domain, domain, host, path FROM leads WHERE version >= {led:UInt64} AND domain != end_domain)
        )
    )
