-- The visits of the pages that came in since the last run, once for all statements of this one.
-- Cost: the keys of those pages, which lie everywhere, and their visits.
INSERT INTO changed_visits (run, domain, host, path, at, source, part, parts, outcome, status, complete, incomplete, extractor, noindex, https, targets, target_cuts, kinds, leads_to, leads_domain, leads_by)
SELECT {run:UInt64}, domain, host, path, at, source, part, parts, outcome, status, complete, incomplete, extractor, noindex, https, targets, target_cuts, kinds, leads_to, leads_domain, leads_by
FROM page_links
PREWHERE (domain, host, path) IN
(
    SELECT domain, host, path
    FROM arrivals
    WHERE arrived > {from:UInt64} AND arrived <= {to:UInt64}
        AND domain > {after:String} AND ({until:String} = '' OR domain <= {until:String})
)
