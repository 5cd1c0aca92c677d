-- What speaks of a domain's links being made and not given, and the points it gets for it. NULL is unknown.
-- Which formula gave the points stands in the snapshot's manifest under risk_formula.

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS undivided Nullable(Float64) COMMENT 'mean part of a referring domain''s links that this is; NULL under three referring domains';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS shells Nullable(Float64) COMMENT 'share of the referring domains that hardly anyone else links to; NULL under three';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS ring Nullable(Float64) COMMENT 'share of the referring domains that are linked by one another, by hardly anyone else and not by it; NULL under three';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS traded Nullable(Float64) COMMENT 'share of the referring domains that it links back to and no other of them links to; NULL under three';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS strangers Nullable(Float64) COMMENT 'share of the referring domains that have nothing in common with any other; NULL under three';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS untrusted_mass Nullable(Float64) COMMENT 'share of its visits that set out from where no trusted seed leads; NULL without seeds or under three referring domains';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS linked_risk Nullable(Float64) COMMENT 'mean risk points, by who links to them, of the domains that it links to; NULL where it links to none';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS fellows Nullable(Float64) COMMENT 'share of the referring domains that link to a suspect which it links to itself; NULL under two, or where it links to nobody';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS same_referrers Nullable(Float64) COMMENT 'share of the referring domains of it or of a suspect it links to, that are those of both; the largest of any suspect; NULL as fellows';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS spam_risk Nullable(Float64) COMMENT '0 to 100 by the points, as the formula''s table says; from 50 on it is flagged; NULL where nothing is known';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS risk_points UInt16 COMMENT 'the sum of the points of its reasons';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS risk_reasons Array(Tuple(measure String, value Float64, points UInt8)) COMMENT 'what gave points: the measure, its value, how many; the most first';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS undivided Nullable(Float64) COMMENT 'mean part of a referring domain''s links that this is; NULL under three referring domains';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS shells Nullable(Float64) COMMENT 'share of the referring domains that hardly anyone else links to; NULL under three';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS ring Nullable(Float64) COMMENT 'share of the referring domains that are linked by one another, by hardly anyone else and not by it; NULL under three';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS traded Nullable(Float64) COMMENT 'share of the referring domains that it links back to and no other of them links to; NULL under three';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS strangers Nullable(Float64) COMMENT 'share of the referring domains that have nothing in common with any other; NULL under three';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS untrusted_mass Nullable(Float64) COMMENT 'share of its visits that set out from where no trusted seed leads; NULL without seeds or under three referring domains';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS linked_risk Nullable(Float64) COMMENT 'mean risk points, by who links to them, of the domains that it links to; NULL where it links to none';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS fellows Nullable(Float64) COMMENT 'share of the referring domains that link to a suspect which it links to itself; NULL under two, or where it links to nobody';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS same_referrers Nullable(Float64) COMMENT 'share of the referring domains of it or of a suspect it links to, that are those of both; the largest of any suspect; NULL as fellows';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS spam_risk Nullable(Float64) COMMENT '0 to 100 by the points, as the formula''s table says; from 50 on it is flagged; NULL where nothing is known';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS risk_points UInt16 COMMENT 'the sum of the points of its reasons';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS risk_reasons Array(Tuple(measure String, value Float64, points UInt8)) COMMENT 'what gave points: the measure, its value, how many; the most first';
