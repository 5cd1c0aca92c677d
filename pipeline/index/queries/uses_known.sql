-- How a target's links are counted at the least cost: whether it is large (a row with no `page`), and which pages
-- lead to its own, `most` of them at most. Cost: the rows of that domain in `leads_in`.
SELECT
    domain = {domain:String} AS is_own,
    concat(host, path) AS page,
    concat(end_host, end_path) AS end,
    end_https
FROM leads_in FINAL
WHERE end_domain = {domain:String} AND active = 1 AND leads_on = '' AND notEmpty(via)
LIMIT {most:UInt32}
UNION ALL
SELECT 0, '', '', 0
FROM large_targets
WHERE target_domain = {domain:String}
LIMIT 1
