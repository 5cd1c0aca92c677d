-- How many domains linked to a target at the end of each day, week or month (`by`), with how many pages had
-- been read by then, in all and of these domains: where they grow together, more was seen, and not more
-- made. Domains with links that get there by other pages are counted apart, whether they have others or not.
-- Periods in which nothing came, went or was read have no row. Of a registered domain, where the host and path
-- of what is linked, or of where that led, match `under` ('%' for all of it).
-- Cost: the rows of that domain in `referrers`, its links by other pages, and a range of `crawled_sites` for each
-- referring domain; where `under` is not '%' the links of that domain too.
-- Version: 3
SELECT
    period, -- its first day, UTC
    toUInt32(sum(came_then) OVER past - sum(went_then) OVER past) AS referring_domains, -- referring domains at its end that had not lost all their links
    toUInt32(came_then) AS gained, -- domains whose first link was first seen then
    toUInt32(went_then) AS lost, -- domains whose last link was known to be gone then
    uniqCombinedMerge(14)(their_pages) OVER past AS their_pages_read, -- pages of these domains that had been read by its end, estimated
    uniqCombined64Merge(14)(pages) OVER past AS pages_read, -- pages of the whole index that had been read by its end, estimated
    uniqCombined64Merge(14)(sites) OVER past AS sites_read, -- registered domains that these are on, estimated
    toUInt32(sum(indirect_came_then) OVER past - sum(indirect_went_then) OVER past) AS indirect_domains, -- domains at its end with links that get there by other pages
    toUInt32(indirect_came_then) AS indirect_gained, -- domains of which a link first did so then
    toUInt32(indirect_went_then) AS indirect_lost -- domains of which the last such link was known to be gone then
FROM
(
    SELECT
        multiIf({by:String} = 'month', toStartOfMonth(day), {by:String} = 'week', toMonday(day), day) AS period,
        sum(came) AS came_then,
        sum(went) AS went_then,
        sum(indirect_came) AS indirect_came_then,
        sum(indirect_went) AS indirect_went_then,
        uniqCombinedMergeState(14)(their_pages) AS their_pages,
        uniqCombined64MergeState(14)(pages) AS pages,
        uniqCombined64MergeState(14)(sites) AS sites
    FROM
    (
        SELECT
            toDate(event.1) AS day,
            sumIf(event.2, event.4 = 0) AS came,
            sumIf(event.3, event.4 = 0) AS went,
            sumIf(event.2, event.4 = 1) AS indirect_came,
            sumIf(event.3, event.4 = 1) AS indirect_went,
            arrayReduce('uniqCombinedState(14)', []::Array(UInt64)) AS their_pages,
            arrayReduce('uniqCombined64State(14)', []::Array(UInt64)) AS pages,
            arrayReduce('uniqCombined64State(14)', []::Array(UInt64)) AS sites
        FROM
        (
            SELECT arrayJoin(if(went IS NULL, [(came, 1, 0, indirect)], [(came, 1, 0, indirect), (assumeNotNull(went), 0, 1, indirect)])) AS event
            FROM referrer_spans(domain = {domain:String}, under = {under:String})
        )
        GROUP BY day
        UNION ALL
        SELECT
            day,
            0 AS came,
            0 AS went,
            0 AS indirect_came,
            0 AS indirect_went,
            uniqCombinedMergeState(14)(pages_read) AS their_pages,
            arrayReduce('uniqCombined64State(14)', []::Array(UInt64)) AS pages,
            arrayReduce('uniqCombined64State(14)', []::Array(UInt64)) AS sites
        FROM crawled_sites
        WHERE domain IN
        (
            SELECT source_domain
            FROM referrers FINAL
            WHERE {under:String} = '%' AND target_domain = {domain:String} AND live + lost + unverified > 0
            UNION ALL
            SELECT source_domain
            FROM links
            WHERE {under:String} != '%' AND target_domain = {domain:String} AND concat(target_host, target_path) LIKE {under:String}
        )
        GROUP BY day
        UNION ALL
        SELECT
            day,
            0 AS came,
            0 AS went,
            0 AS indirect_came,
            0 AS indirect_went,
            arrayReduce('uniqCombinedState(14)', []::Array(UInt64)) AS their_pages,
            uniqCombined64MergeState(14)(pages_read) AS pages,
            uniqCombined64MergeState(14)(sites_read) AS sites
        FROM crawled
        GROUP BY day
    )
    GROUP BY period
)
WINDOW past AS (ORDER BY period ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
