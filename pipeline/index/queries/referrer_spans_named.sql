-- As the view referrer_spans, of a whole registered domain to whose pages no other page ever led.
-- Cost: the rows of that domain in `referrers`.
SELECT
    source_domain,
    0 AS indirect,
    fromUnixTimestamp64Milli(toInt64(referrers.first_seen), 'UTC') AS came,
    multiIf(live + unverified > 0, 0, lost_by > 0, lost_by, last_seen) AS went_last,
    if(went_last > 0, fromUnixTimestamp64Milli(toInt64(went_last), 'UTC'), NULL) AS went
FROM referrers FINAL
WHERE target_domain = {domain:String} AND live + lost + unverified > 0
