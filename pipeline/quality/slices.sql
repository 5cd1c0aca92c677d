-- How many links there are, as far as rows tell that are not merged yet, and a sample of their targets, in
-- order. Reads one column of all links.
SELECT count() AS links, arraySort(groupArraySample(1000, 1)(target_domain)) AS targets
FROM links
