-- In which hours what came and went among the backlinks of a large domain, as far as it is kept (`link_uses`): `most` of
-- them, the latest first, of those that begin from `since` on and before `until`. Of each hour how much there was of
-- `only` (empty for all) by domains of that authority or more.
-- Cost: its rows in `link_uses`, of which the columns of events are read; with an authority those in `referrers`.
SELECT hour, sum(number) AS events
FROM link_uses FINAL
ARRAY JOIN event_hours AS hour, event_changes AS change, event_counts AS number
WHERE target_domain = {domain:String}
    AND change NOT IN ('gained domain', 'lost domain')
    AND ({only:String} = '' OR toString(change) = {only:String})
    AND hour * 3600000 >= {since:UInt64}
    AND hour * 3600000 < {until:UInt64}
    AND ({least_authority:Float64} < 0 OR source_domain IN
    (
        SELECT source_domain
        FROM referrers FINAL
        WHERE target_domain = {domain:String} AND ifNull(authority, -1) >= {least_authority:Float64}
    ))
GROUP BY hour
ORDER BY hour DESC
LIMIT {most:UInt64}
