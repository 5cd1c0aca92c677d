-- As the view change_counts_of, of a whole registered domain that is large (`large_targets`).
-- Cost: its rows in `link_uses`, of which the columns of events are read.
SELECT
    period,
    counted.appeared AS appeared,
    counted.discovered AS discovered,
    counted.lost AS lost,
    counted.reasons AS reasons,
    counted.changed AS changed,
    counted.domains_gained AS domains_gained,
    counted.domains_lost AS domains_lost,
    toUInt64(sum(toInt64(counted.appeared + counted.discovered) - toInt64(counted.lost)) OVER past) AS links,
    counted.indirect_gained AS indirect_gained,
    counted.indirect_lost AS indirect_lost,
    toUInt64(sum(toInt64(counted.indirect_gained) - toInt64(counted.indirect_lost)) OVER past) AS indirect_links
FROM
(
    SELECT
        multiIf({by:String} = 'month', toStartOfMonth(day), {by:String} = 'week', toMonday(day), day) AS period,
        sumIf(times, change = 'appeared') AS appeared,
        sumIf(times, change = 'discovered') AS discovered,
        sumIf(times, change = 'lost') AS lost,
        sumMapIf(map(toString(reason), toUInt64(times)), change = 'lost') AS reasons,
        sumIf(times, change = 'changed') AS changed,
        sumIf(times, change = 'gained domain') AS domains_gained,
        sumIf(times, change = 'lost domain') AS domains_lost,
        sumIf(times, change = 'indirect') AS indirect_gained,
        sumIf(times, change = 'lost indirect') AS indirect_lost
    FROM
    (
        SELECT toDate(toUInt16(intDiv(hour, 24))) AS day, change, reason, sum(number) AS times
        FROM link_uses FINAL
        ARRAY JOIN event_hours AS hour, event_changes AS change, event_reasons AS reason, event_counts AS number
        WHERE target_domain = {domain:String}
        GROUP BY day, change, reason
    )
    GROUP BY period
) AS counted
WINDOW past AS (ORDER BY period ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
