-- The referring domains that may have such links, in the order in which their links are told: by authority,
-- then by name. Cost: the rows of the target's domain in `referrers`; where `under` is not '%' the hosts
-- and paths that its links point to, and the ways that lead there.
SELECT
    source_domain,
    ifNull(toFloat64(authority), -1) AS known,
    ifNull(toFloat64(spam_risk), -1) AS risk
FROM referrers FINAL
WHERE target_domain = {domain:String}
    AND multiIf({state:String} = 'live', live + indirect, {state:String} = 'lost', lost + indirect_lost, {state:String} = 'unverified', unverified + indirect_unverified, 1) > 0
    AND ({state:String} != 'live' OR multiIf({rel:String} = 'followed', followed + indirect_followed, {rel:String} = 'nofollow', nofollow + indirect, {rel:String} = 'ugc', ugc + indirect, {rel:String} = 'sponsored', sponsored + indirect, 1) > 0)
    AND known >= {authority:Float64}
    AND ifNull(spam_risk BETWEEN {least_risk:Float64} AND {most_risk:Float64}, {unknown_risk:UInt8})
    AND ({country:String} = '' OR country = {country:String})
    AND ({under:String} = '%' OR source_domain IN
    (
        SELECT source_domain
        FROM links
        WHERE {under:String} != '%' AND target_domain = {domain:String} AND concat(target_host, target_path) LIKE {under:String}
        UNION ALL
        SELECT source_domain
        FROM links
        WHERE {under:String} != '%' AND target_domain = {domain:String} AND (target_host, target_path) IN
        (
            SELECT host, path
            FROM leads_in
            WHERE end_domain = {domain:String} AND domain = {domain:String} AND concat(end_host, end_path) LIKE {under:String}
        )
        UNION ALL
        SELECT source_domain
        FROM indirect_links
        WHERE {under:String} != '%' AND target_domain = {domain:String} AND (named_domain, named_host, named_path) IN
        (
            SELECT domain, host, path
            FROM leads_in
            WHERE end_domain = {domain:String} AND domain != {domain:String} AND concat(end_host, end_path) LIKE {under:String}
        )
    ))
    AND ({paged:UInt8} = 0 OR (-known, source_domain) > (-{after_authority:Float64}, {after_source_domain:String})
        OR ({per:String} != 'domain' AND source_domain = {after_source_domain:String}))
ORDER BY known DESC, source_domain
LIMIT {count:UInt64}
