-- What came and went among the backlinks of a target in each day, week or month (`by`), as changes_of tells
-- each; links that get there by other pages are counted apart. Periods in which nothing did have no row. Of a
-- registered domain, where the host and path of what is linked, or of where that led, match `under` ('%' for
-- all of it).
-- Cost: the links of that domain.
-- Version: 3
SELECT
    period, -- its first day, UTC
    counted.appeared AS appeared, -- links that appeared
    counted.discovered AS discovered, -- links that were discovered
    counted.lost AS lost, -- links that were lost
    counted.reasons AS reasons, -- of these by reason
    counted.changed AS changed, -- changes of an anchor, a position or a rel
    counted.domains_gained AS domains_gained, -- domains whose first link was first seen then
    counted.domains_lost AS domains_lost, -- domains whose last link was known to be gone then
    toUInt64(sum(toInt64(counted.appeared + counted.discovered) - toInt64(counted.lost)) OVER past) AS links, -- links at its end that were not lost
    counted.indirect_gained AS indirect_gained, -- links beside these that began to get there by other pages
    counted.indirect_lost AS indirect_lost, -- such links that did no more
    toUInt64(sum(toInt64(counted.indirect_gained) - toInt64(counted.indirect_lost)) OVER past) AS indirect_links -- such links at its end
FROM
(
    SELECT
        multiIf({by:String} = 'month', toStartOfMonth(day), {by:String} = 'week', toMonday(day), day) AS period,
        countIf(change = 'appeared') AS appeared,
        countIf(change = 'discovered') AS discovered,
        countIf(change = 'lost') AS lost,
        sumMapIf(map(reason, 1), change = 'lost') AS reasons,
        countIf(change = 'changed') AS changed,
        countIf(change = 'gained domain') AS domains_gained,
        countIf(change = 'lost domain') AS domains_lost,
        countIf(change = 'indirect') AS indirect_gained,
        countIf(change = 'lost indirect') AS indirect_lost
    FROM
    (
        SELECT
            toDate(fromUnixTimestamp64Milli(toInt64(event.1), 'UTC')) AS day,
            event.2 AS change,
            event.3 AS reason
        FROM
        (
            SELECT arrayJoin(arrayConcat(groupArray((came, came_how, '')), groupArrayIf((went, went_how, went_by), went > 0), [(minIf(came, NOT indirect), 'gained domain', ''), (if(minIf(went, NOT indirect) = 0, 0, maxIf(went, NOT indirect AND (went_after > 0 OR never))), 'lost domain', '')])) AS event
            FROM
            (
                SELECT
                    source_domain,
                    indirect,
                    came,
                    went,
                    went_by,
                    went_after,
                    multiIf(indirect, 'indirect', came_after > 0, 'appeared', 'discovered') AS came_how,
                    if(indirect, 'lost indirect', 'lost') AS went_how,
                    -- Of links that never counted it is not known when they went: they tell where no other does.
                    maxIf(went_after, NOT indirect) OVER (PARTITION BY source_domain) = 0 AS never
                FROM link_spans(domain = {domain:String}, under = {under:String}, named = 1)
            )
            GROUP BY source_domain
        )
        WHERE event.1 > 0
        UNION ALL
        SELECT
            toDate(changed_by) AS day,
            'changed' AS change,
            '' AS reason
        FROM link_changes(domain = {domain:String})
        WHERE substring(target_url, position(target_url, '://') + 3) LIKE {under:String}
    )
    GROUP BY period
) AS counted
WINDOW past AS (ORDER BY period ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
