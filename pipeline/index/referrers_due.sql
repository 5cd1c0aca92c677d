-- What is to be rolled up: with `whole`, or where that many pages came in that all of it is no dearer, all links: how
-- many there are, as far as rows tell that are not merged yet, and a sample of their targets, in order. Else no more
-- than that it is not all.
-- Cost: the pages that came in; with `whole` the targets of all links.
WITH
    (SELECT count() FROM arrivals WHERE arrived > {from:UInt64} AND arrived <= {to:UInt64}) AS came,
    (SELECT count() FROM page_links) AS visits,
    {whole:UInt8} = 1 OR came * 5 > visits AS all_of_it
SELECT
    toUInt8(all_of_it) AS whole,
    count() AS links,
    arraySort(groupArraySample(1000, 1)(target_domain)) AS targets
FROM links
WHERE all_of_it
