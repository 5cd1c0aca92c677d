-- How near trust is to one page in the newest snapshot, and without which links it would be less so. Reads the
-- rows of its domain, and the links to it.
SELECT
    concat(host, path) AS page,
    score,
    worth,
    worth_rank,
    trusted_harmonic,
    trusted_harmonic_rank,
    authority,
    pages,
    referring_domains,
    counted_domains,
    arrayMap(b -> (b.1, b.2, b.3, best[b.1])::Tuple(source_domain String, without Float64, rank Float64, source_url String), brings) AS brings
FROM page_quality
CROSS JOIN
(
    -- Of each domain the first of its pages; none where all of its links lead there by redirects.
    SELECT mapFromArrays(groupArray(source_domain), groupArray(url)) AS best
    FROM
    (
        SELECT source_domain, min(source_url) AS url
        FROM link_states
        WHERE target_domain = {domain:String} AND concat(target_host, target_path) LIKE {under:String}
            AND state != 'lost' AND source != 'list' AND kind IN ('a', 'area', 'img-link', 'redirect')
            AND source_domain IN
            (
                SELECT arrayJoin(brings).1
                FROM page_quality
                WHERE snapshot = (SELECT max(snapshot) FROM snapshots) AND domain = {domain:String} AND concat(host, path) LIKE {under:String}
            )
        GROUP BY source_domain
    )
) AS linking
WHERE snapshot = (SELECT max(snapshot) FROM snapshots) AND domain = {domain:String} AND concat(host, path) LIKE {under:String}
