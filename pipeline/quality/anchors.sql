-- How the anchor texts of the links to each domain that live as of the snapshot are spread: of targets after `after` up to `until`, in
-- the order of their names, of what is not suppressed. A referring domain counts once, however many links it
-- has: its texts share it. Shares are whole numbers of 1/2^20, so that the order of adding up is no matter.
-- Cost: these links once.
WITH
    suppressed AS (SELECT name FROM controls FINAL WHERE verb = 'suppress' AND value > 0),
    (SELECT groupArray(name) FROM suppressed WHERE position(name, '/') > 0) AS prefixes
SELECT
    domain,
    toUInt32(countIf(text != '')) AS distinct_anchors,
    sum(share) AS whole,
    arraySum(s -> s / whole * log2(whole / s), arraySort(groupArray(share))) AS anchor_entropy,
    maxIf(share, text != '') / whole AS top_anchor_share,
    sumIf(share, arrayExists(w -> w IN {words:Array(String)}, extractAll(text, '[\\pL\\pN_]+')) OR multiSearchAny(text, {within:Array(String)})) / whole AS money_anchor_share,
    sumIf(share, text = '') / whole AS empty_anchor_share
FROM
(
    SELECT
        domain,
        text,
        sum(part) AS share
    FROM
    (
        SELECT
            target_domain AS domain,
            source_domain,
            lowerUTF8(anchor) AS text,
            greatest(1, toUInt64(round(1048576 * count() / sum(count()) OVER (PARTITION BY target_domain, source_domain)))) AS part
        FROM link_states
        WHERE target_domain > {after:String} AND ({until:String} = '' OR target_domain <= {until:String})
            AND first_seen <= {snapshot:UInt64} AND (state = 'live' OR (state = 'lost' AND lost_by > {snapshot:UInt64}))
            AND kind IN ('a', 'area', 'img-link', 'redirect')
            AND source_domain NOT IN (SELECT name FROM suppressed)
            AND source_host NOT IN (SELECT name FROM suppressed)
            AND if(position(source_host, ':') = 0, source_host, replaceRegexpOne(source_host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
            AND NOT arrayExists(p -> startsWith(concat(source_host, source_path), p) OR startsWith(concat(if(position(source_host, ':') = 0, source_host, replaceRegexpOne(source_host, ':[0-9]+$', '')), source_path), p), prefixes)
            AND target_domain NOT IN (SELECT name FROM suppressed)
            AND target_host NOT IN (SELECT name FROM suppressed)
            AND if(position(target_host, ':') = 0, target_host, replaceRegexpOne(target_host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
            AND NOT arrayExists(p -> startsWith(concat(target_host, target_path), p) OR startsWith(concat(if(position(target_host, ':') = 0, target_host, replaceRegexpOne(target_host, ':[0-9]+$', '')), target_path), p), prefixes)
        GROUP BY target_domain, source_domain, text
    )
    GROUP BY domain, text
)
GROUP BY domain
ORDER BY domain
