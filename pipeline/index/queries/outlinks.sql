-- The links on the pages of a source, by page. `targets`: the registered domains that are linked, all where it
-- is empty. Cost: the visits of those pages, and for each domain that they link to its links from there.
SELECT
    page,
    source_url,
    target_domain,
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
    lost_by
FROM outlinks_of(domain = {domain:String}, under = {under:String})
WHERE ({state:String} = 'all' OR state = {state:String})
    AND (empty({targets:Array(String)}) OR target_domain IN {targets:Array(String)})
    AND multiIf({rel:String} = '', 1, {rel:String} = 'followed', rel = '', has(splitByChar(' ', rel), {rel:String}))
    AND ({paged:UInt8} = 0 OR (page, target_url, kind) > ({after_page:String}, {after_target_url:String}, {after_kind:String}))
ORDER BY page, target_url, kind
LIMIT {limit:UInt64}
