-- What was last said of some domains, taken back or not. Cost: the rows of those domains.
SELECT
    domain,
    argMax(toString(label), at) AS label,
    argMax(note, at) AS note,
    argMax(who, at) AS who,
    max(at) AS newest
FROM labels
WHERE domain IN {domains:Array(String)}
GROUP BY domain
