-- How many backlinks a whole domain has, as far as its referring domains tell: not which links are new, nor
-- why links were lost. Reads the rows of that domain in `referrers`.
SELECT
    sum(referrers.live) AS live,
    sum(referrers.lost) AS lost,
    sum(referrers.unverified) AS unverified,
    countIf(referrers.live > 0) AS live_domains,
    countIf(referrers.live = 0 AND referrers.unverified = 0 AND referrers.lost > 0) AS lost_domains,
    countIf(referrers.unverified > 0) AS unverified_domains,
    CAST(NULL AS Nullable(UInt64)) AS appeared,
    CAST(NULL AS Nullable(UInt64)) AS discovered,
    sum(referrers.followed) AS followed,
    sum(referrers.ugc) AS ugc,
    sum(referrers.sponsored) AS sponsored,
    mapFilter((place, links) -> links > 0, mapFromArrays(['main', 'nav', 'header', 'footer', 'aside', 'comment'], if(empty(sumForEach(places)), [0, 0, 0, 0, 0, 0], sumForEach(places)))) AS positions,
    CAST(map() AS Map(String, UInt64)) AS reasons,
    toNullable(sum(referrers.indirect)) AS indirect,
    toNullable(countIf(referrers.indirect > 0)) AS indirect_domains
FROM referrers FINAL
WHERE target_domain = {domain:String}
