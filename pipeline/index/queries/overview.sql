-- How many backlinks a target has, of what kind: links that name it, and beside them how many more arrive
-- there by pages elsewhere that lead on. Reads the links of its domain alone.
SELECT
    countIf(own AND state = 'live') AS live,
    countIf(own AND state = 'lost') AS lost,
    countIf(own AND state = 'unverified') AS unverified,
    uniqExactIf(source_domain, own AND state = 'live') AS live_domains,
    uniqExactIf(source_domain, own) - uniqExactIf(source_domain, own AND state != 'lost') AS lost_domains,
    uniqExactIf(source_domain, own AND state = 'unverified') AS unverified_domains,
    countIf(own AND state = 'live' AND first_seen >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND not_before IS NOT NULL) AS appeared,
    countIf(own AND state = 'live' AND first_seen >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND not_before IS NULL) AS discovered,
    countIf(own AND state = 'live' AND links.nofollow = 0 AND links.ugc = 0 AND links.sponsored = 0) AS followed,
    countIf(own AND state = 'live' AND links.ugc = 1) AS ugc,
    countIf(own AND state = 'live' AND links.sponsored = 1) AS sponsored,
    sumMapIf(map(position, 1), own AND state = 'live') AS positions,
    sumMapIf(map(reason, 1), own AND state = 'lost') AS reasons,
    toNullable(countIf(NOT own AND state = 'live')) AS indirect,
    toNullable(uniqExactIf(source_domain, NOT own AND state = 'live')) AS indirect_domains
FROM
(
    SELECT
        *,
        substring(target_url, position(target_url, '://') + 3) AS page,
        extract(page, '^[^/:]+') AS named,
        -- Whatever leads on within the domain, the link names that domain.
        page LIKE {under:String} AND ({under:String} != '%' OR indirect = 0 OR named = {domain:String} OR endsWith(named, {below:String})) AS own
    FROM backlinks(domain = {domain:String})
    WHERE page LIKE {under:String} OR substring(end_url, position(end_url, '://') + 3) LIKE {under:String}
) AS links
