-- Authority, spam risk and country of referring domains as a snapshot has them, where they are others than before.
-- Cost: all referring domains, and the snapshot's domains in memory.
INSERT INTO referrers
SELECT kept.* REPLACE (kept.written + 1 AS written, quality.authority AS authority, quality.spam_risk AS spam_risk, if(quality.domain != '', quality.country, kept.country) AS country)
FROM (SELECT * FROM referrers FINAL) AS kept
LEFT ANY JOIN
(
    SELECT domain, toNullable(toFloat32(authority)) AS authority, toNullable(toFloat32(spam_risk)) AS spam_risk, country
    FROM domain_quality
    WHERE snapshot = {snapshot:UInt64}
) AS quality ON quality.domain = kept.source_domain
WHERE isNull(kept.authority) != isNull(quality.authority) OR ifNull(kept.authority != quality.authority, 0)
    OR isNull(kept.spam_risk) != isNull(quality.spam_risk) OR ifNull(kept.spam_risk != quality.spam_risk, 0)
    OR (quality.domain != '' AND quality.country != kept.country)
