-- Which domains link to each page: of pages of the domains after `after` up to `until`, in the order of their
-- names; the links that weigh something in edges.sql, so that each pair is an edge that does. A page with links
-- that weigh nothing has none. Reads the links to those domains, and to what redirects there.
SELECT
    end_domain AS target_domain,
    end_host AS host,
    end_path AS path,
    arraySort(groupUniqArrayIf(source_domain, ({nofollow:UInt8} = 1 OR (nofollow = 0 AND ugc = 0 AND sponsored = 0)) AND transform(position, {positions:Array(String)}, {weights:Array(UInt32)}, {other:UInt32}) > 0)) AS sources
FROM credited_links(after = {after:String}, until = {until:String}, as_of = {snapshot:UInt64})
GROUP BY end_domain, end_host, end_path
ORDER BY target_domain, host, path
