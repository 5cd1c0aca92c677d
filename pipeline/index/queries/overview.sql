-- How many backlinks a target has, of what kind. Reads the links of its domain alone.
SELECT
    countIf(state = 'live') AS live,
    countIf(state = 'lost') AS lost,
    countIf(state = 'unverified') AS unverified,
    uniqExactIf(source_domain, state = 'live') AS live_domains,
    uniqExact(source_domain) - uniqExactIf(source_domain, state != 'lost') AS lost_domains,
    uniqExactIf(source_domain, state = 'unverified') AS unverified_domains,
    countIf(state = 'live' AND first_seen >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND not_before IS NOT NULL) AS appeared,
    countIf(state = 'live' AND first_seen >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND not_before IS NULL) AS discovered,
    countIf(state = 'live' AND links.nofollow = 0 AND links.ugc = 0 AND links.sponsored = 0) AS followed,
    countIf(state = 'live' AND links.ugc = 1) AS ugc,
    countIf(state = 'live' AND links.sponsored = 1) AS sponsored,
    sumMapIf(map(position, 1), state = 'live') AS positions,
    sumMapIf(map(reason, 1), state = 'lost') AS reasons
FROM backlinks(domain = {domain:String}) AS links
WHERE substring(target_url, position(target_url, '://') + 3) LIKE {under:String}
