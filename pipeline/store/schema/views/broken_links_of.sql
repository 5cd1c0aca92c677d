-- The live backlinks whose target answered our latest visit of it with an error: 404 and 410 (gone), any
-- other status from 400 on, or nothing. Of a registered domain, where the host and path of what is linked
-- match `under` ('%' for all of it).
-- Cost: the pages of that domain, and the links to those that are broken.
-- Version: 1
WITH visited AS
(
    SELECT
        concat(host, path) AS page,
        argMaxMerge(visit) AS latest,
        fromUnixTimestamp64Milli(toInt64(max(last_visit)), 'UTC') AS at
    FROM pages
    WHERE domain = {domain:String} AND concat(host, path) LIKE {under:String}
    GROUP BY host, path
    HAVING latest.1 = 'gone' OR latest.1 = 'error' AND (latest.2 = 0 OR latest.2 >= 400)
)
SELECT
    links.source_domain AS source_domain,
    links.source_url AS source_url,
    links.target_url AS target_url,
    links.kind AS kind,
    links.anchor AS anchor,
    links.position AS position,
    links.nofollow AS nofollow,
    links.ugc AS ugc,
    links.sponsored AS sponsored,
    kept.authority AS authority, -- of source_domain, 0 to 100; NULL where it is unknown
    fromUnixTimestamp64Milli(toInt64(links.first_seen), 'UTC') AS first_seen,
    fromUnixTimestamp64Milli(toInt64(links.last_seen), 'UTC') AS last_seen,
    visited.latest.1 AS outcome, -- of our latest visit of the target: gone or error
    visited.latest.2 AS status, -- its HTTP status, 0 without an answer
    visited.at AS visited -- when that was
FROM
(
    SELECT *, concat(target_host, target_path) AS page
    FROM link_states
    WHERE target_domain = {domain:String} AND concat(target_host, target_path) IN (SELECT page FROM visited) AND state = 'live'
) AS links
LEFT ANY JOIN visited ON visited.page = links.page
LEFT ANY JOIN
(
    SELECT source_domain, authority
    FROM referrers FINAL
    WHERE target_domain = {domain:String}
) AS kept ON kept.source_domain = links.source_domain
