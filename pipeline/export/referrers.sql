-- Every domain with a followed link to a target in a snapshot, with all that is measured of it and what
-- people say. Cost: the target's edges, and the rows of the domains that link.
SELECT
    quality.*,
    links_here,
    follow_links_here,
    pages_here,
    label,
    label_note,
    label_who,
    label_at,
    quality.domain IN (SELECT suffix FROM platforms UNION DISTINCT SELECT owner FROM platforms) AS is_platform
FROM
(
    SELECT *
    FROM domain_quality
    WHERE snapshot = {snapshot:UInt64}
        AND domain IN (SELECT source_domain FROM domain_edges WHERE snapshot = {snapshot:UInt64} AND target_domain = {target:String} AND follow_links > 0)
) AS quality
INNER JOIN
(
    SELECT source_domain AS linking, links AS links_here, follow_links AS follow_links_here, pages AS pages_here
    FROM domain_edges
    WHERE snapshot = {snapshot:UInt64} AND target_domain = {target:String} AND follow_links > 0
) AS edges ON edges.linking = quality.domain
LEFT ANY JOIN
(
    SELECT domain AS said_of, label, note AS label_note, who AS label_who, at AS label_at
    FROM labels_now
) AS said ON said.said_of = quality.domain
ORDER BY quality.domain
