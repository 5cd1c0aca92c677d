-- The live backlinks of pages that are gone, by our own visits of these (docs/lifecycle.md): twice 404 or 410 in
-- a row, or out of reach for a week. A link counts for the page where it ends. Of a registered domain, where the
-- host and path of that page match `under` ('%' for all of it).
-- Cost: the pages of that domain that are gone, and the links of the domains that link to one.
-- Version: 1
WITH fates AS
(
    SELECT host, path
    FROM page_fates FINAL
    WHERE domain = {domain:String} AND outcome IN ('gone', 'unreachable') AND concat(host, path) LIKE {under:String}
)
SELECT
    links.source_domain AS source_domain,
    links.source_url AS source_url,
    links.target_url AS target_url,
    links.end_url AS end_url, -- the page that is gone: target_url, or where that leads to
    links.kind AS kind,
    links.anchor AS anchor,
    links.position AS position,
    links.nofollow AS nofollow,
    links.ugc AS ugc,
    links.sponsored AS sponsored,
    kept.authority AS authority, -- of source_domain, 0 to 100; NULL where it is unknown
    links.first_seen AS first_seen,
    links.last_seen AS last_seen,
    links.target_outcome AS outcome, -- gone or unreachable
    links.target_status AS status, -- HTTP status of the latest visit that says so, 0 without an answer
    links.broken_since AS broken_since -- the first of these visits
FROM
(
    SELECT *
    FROM backlinks(domain = {domain:String})
    WHERE state = 'live'
        AND broken = 1
        AND substring(end_url, position(end_url, '://') + 3) LIKE {under:String}
        AND source_domain IN
        (
            SELECT source_domain
            FROM links
            WHERE target_domain = {domain:String} AND (target_host, target_path) IN
            (
                SELECT host, path
                FROM fates
                UNION ALL
                SELECT host, path
                FROM leads_in
                WHERE end_domain = {domain:String} AND (end_host, end_path) IN (SELECT host, path FROM fates)
            )
            UNION ALL
            SELECT source_domain
            FROM indirect_links
            WHERE target_domain = {domain:String} AND (named_domain, named_host, named_path) IN
            (
                SELECT domain, host, path
                FROM leads_in
                WHERE end_domain = {domain:String} AND (end_host, end_path) IN (SELECT host, path FROM fates)
            )
        )
) AS links
LEFT ANY JOIN
(
    SELECT source_domain, authority
    FROM referrers FINAL
    WHERE target_domain = {domain:String}
) AS kept ON kept.source_domain = links.source_domain
