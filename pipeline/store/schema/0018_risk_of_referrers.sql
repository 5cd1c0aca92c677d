-- Links and referring domains are chosen by the spam risk of the domain that links, from the row that has its
-- authority: so it costs no question another read.

ALTER TABLE referrers ADD COLUMN IF NOT EXISTS spam_risk Nullable(Float32) COMMENT 'of the source domain in the last snapshot, 0 to 100; NULL where it is unknown';

-- Of rows from before. Run twice it comes to the same.
INSERT INTO referrers
SELECT kept.* REPLACE (kept.written + 1 AS written, quality.spam_risk AS spam_risk)
FROM (SELECT * FROM referrers FINAL WHERE isNull(spam_risk)) AS kept
INNER JOIN
(
    SELECT domain, toNullable(toFloat32(spam_risk)) AS spam_risk
    FROM domain_quality
    WHERE snapshot = (SELECT max(snapshot) FROM snapshots) AND spam_risk IS NOT NULL
) AS quality ON quality.domain = kept.source_domain;
