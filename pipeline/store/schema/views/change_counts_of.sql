-- What came and went among the backlinks of a target in each day, week or month (`by`), as changes_of tells
-- each. Periods in which nothing did have no row. Of a registered domain, where the host and path of what is
-- linked match `under` ('%' for all of it).
-- Cost: the links of that domain, and its rows in `referrers`.
-- Version: 2
SELECT
    period, -- its first day, UTC
    counted.appeared AS appeared, -- links that appeared
    counted.discovered AS discovered, -- links that were discovered
    counted.lost AS lost, -- links that were lost
    counted.reasons AS reasons, -- of these by reason
    counted.changed AS changed, -- changes of an anchor, a position or a rel
    counted.domains_gained AS domains_gained, -- domains whose first link was first seen then
    counted.domains_lost AS domains_lost, -- domains whose last link was known to be gone then
    toUInt64(sum(toInt64(counted.appeared + counted.discovered) - toInt64(counted.lost)) OVER (ORDER BY period ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)) AS links -- links at its end that were not lost
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
        countIf(change = 'lost domain') AS domains_lost
    FROM
    (
        SELECT
            toDate(at) AS day,
            change,
            if(change = 'lost', reason, '') AS reason
        FROM changes_of(domain = {domain:String}, under = {under:String})
        UNION ALL
        SELECT
            toDate(event.1) AS day,
            event.2 AS change,
            '' AS reason
        FROM
        (
            SELECT arrayJoin([(toNullable(came), 'gained domain'), (went, 'lost domain')]) AS event
            FROM referrer_spans(domain = {domain:String}, under = {under:String})
        )
        WHERE event.1 IS NOT NULL
    )
    GROUP BY period
) AS counted
