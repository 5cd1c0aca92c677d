-- The texts around some links of a target, and the languages of their pages, in the order of the links.
-- Cost: the texts of the links, and the pages, of those referring domains.
SELECT
    visited.language AS language,
    texts.text_before AS text_before,
    texts.text_after AS text_after
FROM
(
    SELECT
        number AS place,
        {domains:Array(String)}[number + 1] AS from_domain,
        {sources:Array(String)}[number + 1] AS from_page,
        {targets:Array(String)}[number + 1] AS to_page,
        {kinds:Array(String)}[number + 1] AS by_kind
    FROM numbers(length({domains:Array(String)}))
) AS asked
LEFT ANY JOIN
(
    SELECT
        source_domain,
        concat(source_host, source_path) AS source_page,
        concat(target_host, target_path) AS target_page,
        toString(kind) AS kind,
        text_before,
        text_after
    FROM link_context FINAL
    WHERE target_domain = {domain:String} AND source_domain IN {domains:Array(String)}
) AS texts ON texts.source_domain = asked.from_domain AND texts.source_page = asked.from_page AND texts.target_page = asked.to_page AND texts.kind = asked.by_kind
LEFT ANY JOIN
(
    SELECT
        domain,
        concat(host, path) AS page,
        argMaxIfMerge(content).2 AS language
    FROM pages
    WHERE domain IN {domains:Array(String)} AND concat(host, path) IN {sources:Array(String)}
    GROUP BY domain, host, path
) AS visited ON visited.domain = asked.from_domain AND visited.page = asked.from_page
ORDER BY place
