-- As the view broken_links_of, of a target to whose pages no other page ever led.
-- Cost: the pages of that domain that are gone, and its links.
WITH fates AS
(
    SELECT host, path, outcome, status, since
    FROM page_fates FINAL
    WHERE domain = {domain:String} AND outcome IN ('gone', 'unreachable') AND concat(host, path) LIKE {under:String}
)
SELECT
    links.source_domain AS source_domain,
    links.source_url AS source_url,
    links.target_url AS target_url,
    links.target_url AS end_url,
    links.kind AS kind,
    links.anchor AS anchor,
    links.position AS position,
    links.nofollow AS nofollow,
    links.ugc AS ugc,
    links.sponsored AS sponsored,
    kept.authority AS authority,
    fromUnixTimestamp64Milli(toInt64(links.first_seen), 'UTC') AS first_seen,
    fromUnixTimestamp64Milli(toInt64(links.last_seen), 'UTC') AS last_seen,
    toString(fates.outcome) AS outcome,
    fates.status AS status,
    toNullable(fromUnixTimestamp64Milli(toInt64(fates.since), 'UTC')) AS broken_since
FROM
(
    SELECT source_domain, source_url, target_host, target_path, target_url, kind, anchor, position, nofollow, ugc, sponsored, first_seen, last_seen
    FROM link_states
    WHERE target_domain = {domain:String} AND (target_host, target_path) IN (SELECT host, path FROM fates) AND state = 'live'
) AS links
INNER JOIN fates ON fates.host = links.target_host AND fates.path = links.target_path
LEFT ANY JOIN
(
    SELECT source_domain, authority
    FROM referrers FINAL
    WHERE target_domain = {domain:String}
) AS kept ON kept.source_domain = links.source_domain
