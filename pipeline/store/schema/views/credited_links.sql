-- The links that a score counts, each where it ends: first seen by `as_of` (ms since 1970) and not found lost by
-- then, of links that lead to the domains after `after` up to `until`, in the order of their names ('' is no
-- bound). A link to a page that redirects to another domain is one to the page where it ends, and none where it
-- comes back to where it began: so each counts once. The redirect is a link of its own, of the domain that
-- redirects. A canonical that names another domain is a hint, and moves nothing. What only a list says has no part,
-- nor what is suppressed, though it were not erased yet: so it is for those alone who may read `controls`, and analysts
-- may not.
-- Cost: the links to those domains; those to domains with a page that redirects there twice.
-- Version: 1
WITH
    suppressed AS (SELECT name FROM controls FINAL WHERE verb = 'suppress' AND value > 0),
    (SELECT groupArray(name) FROM suppressed WHERE position(name, '/') > 0) AS prefixes,
    ways AS
    (
        SELECT domain, host, path, end_domain, end_host, end_path
        FROM leads FINAL
        WHERE active = 1 AND leads_on = '' AND hint = 0 AND end_domain != domain
            AND end_domain NOT IN (SELECT name FROM suppressed)
            AND end_host NOT IN (SELECT name FROM suppressed)
            AND if(position(end_host, ':') = 0, end_host, replaceRegexpOne(end_host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
            AND NOT arrayExists(p -> startsWith(concat(end_host, end_path), p) OR startsWith(concat(if(position(end_host, ':') = 0, end_host, replaceRegexpOne(end_host, ':[0-9]+$', '')), end_path), p), prefixes)
    ),
    leading AS
    (
        SELECT *
        FROM ways
        WHERE end_domain > {after:String} AND ({until:String} = '' OR end_domain <= {until:String})
    )
SELECT
    source_domain,
    source_host, -- host and path of the page that links
    source_path, -- see source_host
    target_domain, -- registered domain, host and path of what it names
    target_host, -- see target_domain
    target_path, -- see target_domain
    ends.1 AS end_domain, -- registered domain, host and path of the page where it ends
    ends.2 AS end_host, -- see end_domain
    ends.3 AS end_path, -- see end_domain
    kind,
    position,
    nofollow,
    ugc,
    sponsored
FROM
(
    SELECT *, (target_domain, target_host, target_path) AS ends
    FROM link_states
    WHERE target_domain > {after:String} AND ({until:String} = '' OR target_domain <= {until:String})
        AND NOT (target_domain IN (SELECT domain FROM ways) AND (target_domain, target_host, target_path) IN (SELECT domain, host, path FROM ways))
    UNION ALL
    SELECT links.*, (leading.end_domain, leading.end_host, leading.end_path) AS ends
    FROM (SELECT * FROM link_states WHERE target_domain IN (SELECT domain FROM leading)) AS links
    INNER JOIN leading ON leading.domain = links.target_domain AND leading.host = links.target_host AND leading.path = links.target_path
    WHERE links.source_domain != leading.end_domain
) AS credited
WHERE first_seen <= {as_of:UInt64} AND (state != 'lost' OR lost_by > {as_of:UInt64})
    AND source != 'list' AND kind IN ('a', 'area', 'img-link', 'redirect')
    AND source_domain NOT IN (SELECT name FROM suppressed)
    AND source_host NOT IN (SELECT name FROM suppressed)
    AND if(position(source_host, ':') = 0, source_host, replaceRegexpOne(source_host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
    AND NOT arrayExists(p -> startsWith(concat(source_host, source_path), p) OR startsWith(concat(if(position(source_host, ':') = 0, source_host, replaceRegexpOne(source_host, ':[0-9]+$', '')), source_path), p), prefixes)
    AND target_domain NOT IN (SELECT name FROM suppressed)
    AND target_host NOT IN (SELECT name FROM suppressed)
    AND if(position(target_host, ':') = 0, target_host, replaceRegexpOne(target_host, ':[0-9]+$', '')) NOT IN (SELECT name FROM suppressed)
    AND NOT arrayExists(p -> startsWith(concat(target_host, target_path), p) OR startsWith(concat(if(position(target_host, ':') = 0, target_host, replaceRegexpOne(target_host, ':[0-9]+$', '')), target_path), p), prefixes)
