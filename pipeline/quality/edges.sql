-- Who links to whom, by registered domain: of the links that count at the snapshot, each where it ends. Reads all
-- links once, and those to domains that redirect to others twice. What the edge filter leaves out weighs 0.
-- A link counts by its place (a footer says less than a text); pages add up sub-linearly, so that a
-- sitewide link is not a thousand links. Weights are thousandths: whole numbers have one sum in any order.
SELECT
    source_domain,
    target_domain,
    toUInt32(count()) AS links,
    toUInt32(countIf(followed)) AS follow_links,
    toUInt32(uniqExact(source_host, source_path)) AS pages,
    log2(1 + sumIf(transform(position, {positions:Array(String)}, {weights:Array(UInt32)}, {other:UInt32}), counts) / 1000) AS weight
FROM
(
    SELECT
        source_domain,
        end_domain AS target_domain,
        source_host,
        source_path,
        position,
        nofollow = 0 AND ugc = 0 AND sponsored = 0 AS followed,
        followed OR {nofollow:UInt8} = 1 AS counts
    FROM credited_links(after = '', until = '', as_of = {snapshot:UInt64})
)
GROUP BY source_domain, target_domain
ORDER BY target_domain, source_domain
