-- The pages of a domain whose backlinks are worth most, in the newest snapshot. Reads the domain's rows.
SELECT
    concat(host, path) AS page,
    score,
    worth,
    worth_rank,
    pages,
    referring_domains,
    authority,
    trusted_harmonic_rank
FROM page_quality
WHERE snapshot = {snapshot:UInt64} AND domain = {domain:String}
ORDER BY worth DESC, referring_domains DESC, page
LIMIT {limit:UInt64}
