-- As the view link_spans, of a target to whose pages no other page ever led.
-- Cost: the links of that domain.
SELECT
    source_domain,
    source_url,
    target_url,
    kind,
    anchor,
    position,
    nofollow,
    ugc,
    sponsored,
    0 AS indirect,
    first_seen AS came,
    not_before AS came_after,
    '' AS came_by,
    multiIf(state != 'lost', 0, lost_by > 0, lost_by, last_seen) AS went,
    if(lost_by = 0 OR reason IN ('noindex', 'canonicalised'), counted_until, last_seen) AS went_after,
    multiIf(went = 0, '', reason IN ('removed', 'gone', 'redirected') AND maxIf(first_seen, state = 'live') OVER (PARTITION BY source_domain, target_host, target_path) >= last_seen, 'moved', reason) AS went_by,
    target_url AS end_url
FROM link_states
WHERE target_domain = {domain:String} AND {named:UInt8} = 1 AND concat(target_host, target_path) LIKE {under:String}
