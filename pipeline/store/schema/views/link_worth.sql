-- What each link to a registered domain is worth in the newest snapshot, why, and its share of the domain's
-- portfolio: links that are not lost, of the kinds that count, of which we saw the page. A link to a page that
-- redirects to another domain is one to the page where it ends.
-- Cost: the links of that domain, those to domains with pages that redirect to it, and its rows in
-- `domain_edges`.
-- Version: 2
SELECT
    source_domain, -- registered domain that links
    source_url, -- the page that links
    target_url, -- what is linked
    kind, -- what made the link: an element, or a redirect
    anchor, -- anchor text
    position, -- where on the page it stands
    followed, -- 0 with rel nofollow, ugc or sponsored
    if(empty(own_factors), NULL, arrayProduct(arrayMap(f -> f.2, own_factors))) AS worth, -- the product of its factors; NULL where it came after the snapshot
    arrayMap(f -> CAST((f.1, f.2, log(f.2)), 'Tuple(factor String, value Float64, ln Float64)'), own_factors) AS factors, -- those of the pair of domains, but for position, rel and pages, which are the link's own
    unknown, -- factors of which nothing is known: a neutral value stands for them
    owner_place, -- place of source_domain among the target's referring domains of the same owner, 1 is the first
    if(empty(own_factors), NULL, pair_share * own / sum(own) OVER (PARTITION BY source_domain)) AS share, -- of the domain's portfolio_worth, to which those of all its links sum; NULL where it came after the snapshot
    relevance, -- how near what both domains say is: a cosine; NULL where it is not known
    page_relevance -- how near what their linking pages and linked pages say is, the nearest pair; NULL where it is not known
FROM
(
    SELECT
        links.*,
        edges.worth_unknown AS unknown,
        edges.owner_place AS owner_place,
        edges.portfolio_share AS pair_share,
        edges.relevance AS relevance,
        edges.page_relevance AS page_relevance,
        arrayMap(f -> (f.1, multiIf(f.1 = 'position', links.place, f.1 = 'rel', links.rel, f.1 = 'pages', 1., f.2)), edges.worth_factors) AS own_factors,
        links.place * links.rel AS own
    FROM
    (
        SELECT
            source_domain,
            source_url,
            target_url,
            kind,
            anchor,
            position,
            nofollow = 0 AND ugc = 0 AND sponsored = 0 AS followed,
            if(mapContains(rules.places, position), rules.places[position], rules.place_unknown) AS place,
            if(followed, rules.rels['followed'], rules.rels['other']) AS rel
        FROM
        (
            SELECT *
            FROM link_states
            WHERE target_domain = {domain:String}
                AND (target_host, target_path) NOT IN (SELECT host, path FROM leads FINAL WHERE domain = {domain:String} AND active = 1 AND leads_on = '' AND hint = 0 AND end_domain != domain)
            UNION ALL
            SELECT
                named.* REPLACE (
                    ways.end_domain AS target_domain,
                    ways.end_host AS target_host,
                    ways.end_path AS target_path,
                    concat(if(ways.end_https = 1, 'https://', 'http://'), ways.end_host, ways.end_path) AS target_url
                )
            FROM
            (
                SELECT *
                FROM link_states
                WHERE target_domain IN (SELECT domain FROM leads_in FINAL WHERE end_domain = {domain:String} AND active = 1 AND leads_on = '' AND hint = 0 AND end_domain != domain)
            ) AS named
            INNER JOIN
            (
                SELECT *
                FROM leads_in FINAL
                WHERE end_domain = {domain:String} AND active = 1 AND leads_on = '' AND hint = 0 AND end_domain != domain
            ) AS ways ON ways.domain = named.target_domain AND ways.host = named.target_host AND ways.path = named.target_path
            WHERE named.source_domain != {domain:String}
        ) AS seen
        CROSS JOIN
        (
            SELECT
                JSONExtract(manifest, 'worth_formula', 'worth', 'position', 'places', 'Map(String, Float64)') AS places,
                JSONExtract(manifest, 'worth_formula', 'worth', 'position', 'unknown', 'Float64') AS place_unknown,
                JSONExtract(manifest, 'worth_formula', 'worth', 'rel', 'Map(String, Float64)') AS rels
            FROM snapshots FINAL
            ORDER BY snapshot DESC
            LIMIT 1
        ) AS rules
        WHERE state != 'lost' AND source != 'list' AND kind IN ('a', 'area', 'img-link', 'redirect')
    ) AS links
    LEFT ANY JOIN
    (
        SELECT
            source_domain,
            owner_place,
            portfolio_share,
            relevance,
            page_relevance,
            worth_factors,
            worth_unknown
        FROM domain_edges
        WHERE snapshot = (SELECT max(snapshot) FROM snapshots) AND target_domain = {domain:String}
    ) AS edges ON edges.source_domain = links.source_domain
)
