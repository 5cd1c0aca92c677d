-- Domains like a registered domain, by what their pages say and by who links to both, in the newest
-- snapshot. text: of the sixteen terms that weigh most in each. links: of its 200 referring domains that
-- link to the fewest; who links to few counts more, what chance brings together is taken off, and where few
-- link to both it counts for less.
-- Cost: the rows of its terms in `domain_terms`, and two columns of the snapshot's edges.
-- Version: 1
WITH
    (SELECT max(snapshot) FROM snapshots) AS newest,
    (SELECT any(topical_terms) FROM domain_quality WHERE snapshot = newest AND domain = {domain:String}) AS about,
    chosen AS
    (
        SELECT
            edges.source_domain AS source_domain,
            1 / log(2 + quality.out_domains) AS telling
        FROM
        (
            SELECT source_domain
            FROM domain_edges
            WHERE snapshot = newest AND target_domain = {domain:String} AND weight > 0
        ) AS edges
        LEFT ANY JOIN
        (
            SELECT domain, out_domains
            FROM domain_quality
            WHERE snapshot = newest
                AND domain IN (SELECT source_domain FROM domain_edges WHERE snapshot = newest AND target_domain = {domain:String})
        ) AS quality ON quality.domain = edges.source_domain
        ORDER BY quality.out_domains, edges.source_domain
        LIMIT 200
    ),
    (SELECT sum(telling) FROM chosen) AS telling_all,
    (SELECT count() FROM chosen) AS chosen_all,
    (SELECT greatest(1, countIf(out_domains > 0)) FROM domain_quality WHERE snapshot = newest) AS linking
SELECT
    near.domain AS domain, -- registered domain that is like it
    round(1 - (1 - near.text) * (1 - near.by_links), 6) AS score, -- of both together, 0 to 1
    near.text AS text, -- cosine of what the two say, 0 to 1; 0 where they share none of those terms
    near.terms AS shared_terms, -- the terms that add most to it
    near.by_links AS links, -- how much more the same domains link to both than by chance, 0 to 1
    toUInt32(near.shared) AS shared_referrers, -- domains that link to both, of those that were looked at
    near.referrers AS referrers, -- three of them, those that link to the fewest
    near.domain IN (SELECT source_domain FROM domain_edges WHERE snapshot = newest AND target_domain = {domain:String}) AS links_here, -- 1 where it links to the domain itself
    near.authority AS authority, -- 0 to 100; NULL where it is unknown
    near.language AS language, -- of most of its pages; empty where none says
    near.country AS country -- ISO 3166 code; empty where nothing says one
FROM
(
    SELECT
        found.domain AS domain,
        round(least(1, found.text), 6) AS text,
        found.terms AS terms,
        found.shared AS shared,
        found.referrers AS referrers,
        greatest(0, found.told - telling_all * quality.referring_domains / linking) AS beyond_chance,
        sqrt(telling_all * greatest(found.told, quality.referring_domains * telling_all / greatest(1, chosen_all))) AS at_most,
        -- One domain that links to both is hardly evidence, four are some.
        if(found.shared > 0, round(least(1, beyond_chance / at_most) * found.shared / (found.shared + 1), 6), 0) AS by_links,
        quality.authority AS authority,
        toString(quality.language) AS language,
        toString(quality.country) AS country
    FROM
    (
        SELECT
            domain,
            sum(alike) AS text,
            arrayMap(t -> t.2, arraySlice(arraySort(t -> (-t.1, t.2), groupArrayIf((alike, term), term != '')), 1, 5)) AS terms,
            sum(telling) AS told,
            countIf(source != '') AS shared,
            arrayMap(r -> r.2, arraySlice(arraySort(r -> (-r.1, r.2), groupArrayIf((telling, source), source != '')), 1, 3)) AS referrers
        FROM
        (
            SELECT theirs.domain AS domain, toFloat64(theirs.weight) * mine.weight AS alike, theirs.term AS term, 0.0 AS telling, '' AS source
            FROM
            (
                SELECT domain, term, weight
                FROM domain_terms
                WHERE snapshot = newest AND term IN (SELECT arrayJoin(about)) AND domain != {domain:String}
            ) AS theirs
            INNER JOIN
            (
                SELECT term, toFloat64(weight) AS weight
                FROM domain_terms
                WHERE snapshot = newest AND term IN (SELECT arrayJoin(about)) AND domain = {domain:String}
            ) AS mine ON mine.term = theirs.term
            UNION ALL
            SELECT edges.target_domain, 0.0, '', chosen.telling, edges.source_domain
            FROM
            (
                SELECT source_domain, target_domain
                FROM domain_edges
                WHERE snapshot = newest AND weight > 0 AND source_domain IN (SELECT source_domain FROM chosen) AND target_domain != {domain:String}
            ) AS edges
            INNER JOIN chosen ON chosen.source_domain = edges.source_domain
        )
        GROUP BY domain
    ) AS found
    INNER JOIN
    (
        SELECT domain, referring_domains, authority, language, country
        FROM domain_quality
        WHERE snapshot = newest
    ) AS quality ON quality.domain = found.domain
) AS near
WHERE score > 0
