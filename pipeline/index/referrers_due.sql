-- What is to be rolled up: how many links of how many there are, as far as rows tell that are not merged yet,
-- and a sample of their targets, in order; `whole` where that is so much that all of it is no dearer.
-- Cost: the visits of the pages that came in; with `whole` the targets of all links.
WITH
    (SELECT count() FROM arrivals WHERE arrived > {from:UInt64} AND arrived <= {to:UInt64}) AS came,
    (SELECT count() FROM page_links) AS visits,
    (SELECT count() FROM links) AS kept,
    {whole:UInt8} = 1 OR came * 5 > visits AS all_of_it
SELECT
    toUInt8(all_of_it) AS whole,
    if(all_of_it, kept, count()) AS links,
    arraySort(groupArraySample(1000, 1)(target_domain)) AS targets
FROM
(
    SELECT target_domain
    FROM page_links
    ARRAY JOIN target_domains AS target_domain
    WHERE NOT all_of_it AND (domain, host, path) IN
    (
        SELECT domain, host, path
        FROM arrivals
        WHERE NOT all_of_it AND arrived > {from:UInt64} AND arrived <= {to:UInt64}
    )
    UNION ALL
    SELECT target_domain
    FROM links
    WHERE all_of_it OR source_domain IN {domains:Array(String)} OR target_domain IN {domains:Array(String)}
)
