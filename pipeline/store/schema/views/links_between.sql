-- Every link between two targets, in both directions, with its life: from pages of one to pages of the
-- other, also by way of pages that lead there. Of registered domains, where host and path match `under` and `other_under` ('%' for all of it).
-- Cost: the links of the one domain to the other and back.
-- Version: 1
SELECT
    links.source_domain AS source_domain,
    {domain:String} AS target_domain, -- registered domain of what is linked
    links.source_url AS source_url,
    links.target_url AS target_url,
    links.kind AS kind,
    links.state AS state,
    links.reason AS reason,
    links.anchor AS anchor,
    links.position AS position,
    links.nofollow AS nofollow,
    links.ugc AS ugc,
    links.sponsored AS sponsored,
    links.first_seen AS first_seen,
    links.not_before AS not_before,
    links.last_seen AS last_seen,
    links.lost_by AS lost_by,
    links.indirect AS indirect,
    links.end_url AS end_url
FROM backlinks(domain = {domain:String}) AS links
WHERE (substring(links.target_url, position(links.target_url, '://') + 3) LIKE {under:String} OR substring(links.end_url, position(links.end_url, '://') + 3) LIKE {under:String}) AND links.source_domain = {other:String} AND substring(links.source_url, position(links.source_url, '://') + 3) LIKE {other_under:String}
UNION ALL
SELECT
    links.source_domain AS source_domain,
    {other:String} AS target_domain,
    links.source_url AS source_url,
    links.target_url AS target_url,
    links.kind AS kind,
    links.state AS state,
    links.reason AS reason,
    links.anchor AS anchor,
    links.position AS position,
    links.nofollow AS nofollow,
    links.ugc AS ugc,
    links.sponsored AS sponsored,
    links.first_seen AS first_seen,
    links.not_before AS not_before,
    links.last_seen AS last_seen,
    links.lost_by AS lost_by,
    links.indirect AS indirect,
    links.end_url AS end_url
FROM backlinks(domain = {other:String}) AS links
WHERE (substring(links.target_url, position(links.target_url, '://') + 3) LIKE {other_under:String} OR substring(links.end_url, position(links.end_url, '://') + 3) LIKE {other_under:String}) AND links.source_domain = {domain:String} AND substring(links.source_url, position(links.source_url, '://') + 3) LIKE {under:String}
