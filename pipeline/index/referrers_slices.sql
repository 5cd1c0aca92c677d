-- How many links the pairs of a run have on the pages that came in, about, and a sample of their targets, in order.
SELECT
    count() AS links,
    arraySort(groupArraySample(1000, 1)(target_domain)) AS targets
FROM due_pairs
WHERE run = {written:UInt64}
