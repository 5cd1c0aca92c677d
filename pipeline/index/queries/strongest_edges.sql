-- The referring domains of a domain in a snapshot whose links are worth most to it, why, and who they are.
-- Reads the edges of that domain, and one column of the snapshot's domains where they are.
SELECT
    edges.source_domain AS source_domain,
    quality.authority AS authority,
    edges.links AS links,
    edges.follow_links AS follow_links,
    edges.pages AS pages,
    edges.weight AS weight,
    edges.worth AS worth,
    edges.factors AS worth_factors,
    edges.unknown AS worth_unknown,
    edges.owner_place AS owner_place,
    edges.portfolio_share AS portfolio_share,
    edges.relevance AS relevance,
    edges.page_relevance AS page_relevance,
    edges.page_relevance_pairs AS page_relevance_pairs
FROM
(
    SELECT *, worth_factors AS factors, worth_unknown AS unknown
    FROM domain_edges
    WHERE snapshot = {snapshot:UInt64} AND target_domain = {domain:String}
    ORDER BY ifNull(portfolio_share, 0) DESC, weight DESC, source_domain
    LIMIT {limit:UInt64}
) AS edges
LEFT ANY JOIN
(
    SELECT domain, authority
    FROM domain_quality
    WHERE snapshot = {snapshot:UInt64}
        AND domain IN (SELECT source_domain FROM domain_edges WHERE snapshot = {snapshot:UInt64} AND target_domain = {domain:String})
) AS quality ON quality.domain = edges.source_domain
ORDER BY ifNull(portfolio_share, 0) DESC, weight DESC, source_domain
