-- Every link between two targets, first those to the first of them, with its life. Cost: the links of the one
-- domain to the other and back.
SELECT
    target_domain,
    source_url,
    target_url,
    anchor,
    state,
    reason,
    arrayStringConcat(arrayFilter(r -> r != '', [if(nofollow = 1, 'nofollow', ''), if(ugc = 1, 'ugc', ''), if(sponsored = 1, 'sponsored', '')]), ' ') AS rel,
    position,
    kind,
    first_seen,
    not_before,
    last_seen,
    lost_by,
    indirect,
    end_url
FROM links_between(domain = {domain:String}, under = {under:String}, other = {other:String}, other_under = {other_under:String})
WHERE ({state:String} = 'all' OR state = {state:String})
    AND ({paged:UInt8} = 0 OR (target_domain != {domain:String}, source_url, target_url, kind) > ({after_target_domain:String} != {domain:String}, {after_source_url:String}, {after_target_url:String}, {after_kind:String}))
ORDER BY target_domain != {domain:String}, source_url, target_url, kind
LIMIT {limit:UInt64}
