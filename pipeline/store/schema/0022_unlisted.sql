-- What speaks of made links where lists are left out: the pages of a site and the members of a club link to
-- one place and to each other as a farm does, but somebody who is linked from elsewhere lists them.

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS apart Nullable(Float64) COMMENT 'as strangers, from three referring domains on, two counted beside that have much in common; NULL under three';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS unreached Nullable(Float64) COMMENT '1 where no path from a trusted seed leads to it, else 0; NULL without seeds';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS unlisted_undivided Nullable(Float64) COMMENT 'as undivided, where a referring domain that a list names counts 0; NULL under three';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS unlisted_shells Nullable(Float64) COMMENT 'as shells, where a referring domain that a list names counts 0, and two are counted beside that are none; NULL under three';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS unlisted_ring Nullable(Float64) COMMENT 'as unlisted_shells, of those that another referring domain links to; NULL under three';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS unlisted_knot Nullable(Float64) COMMENT 'as unlisted_ring, each by how many of the others link to it, whole from eight on; NULL under three';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS serves Nullable(Float64) COMMENT 'the most points, by who links to it, of a domain that it links to, as far as hardly anyone else links to it and no list names it, half where a seed leads to it; NULL where it links to none';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS serves_alike Nullable(Float64) COMMENT 'share of the referring domains of it or of a suspect that it serves, that are those of both, as far as it serves it; NULL under two, or where it links to nobody';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS apart Nullable(Float64) COMMENT 'as strangers, from three referring domains on, two counted beside that have much in common; NULL under three';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS unreached Nullable(Float64) COMMENT '1 where no path from a trusted seed leads to it, else 0; NULL without seeds';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS unlisted_undivided Nullable(Float64) COMMENT 'as undivided, where a referring domain that a list names counts 0; NULL under three';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS unlisted_shells Nullable(Float64) COMMENT 'as shells, where a referring domain that a list names counts 0, and two are counted beside that are none; NULL under three';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS unlisted_ring Nullable(Float64) COMMENT 'as unlisted_shells, of those that another referring domain links to; NULL under three';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS unlisted_knot Nullable(Float64) COMMENT 'as unlisted_ring, each by how many of the others link to it, whole from eight on; NULL under three';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS serves Nullable(Float64) COMMENT 'the most points, by who links to it, of a domain that it links to, as far as hardly anyone else links to it and no list names it, half where a seed leads to it; NULL where it links to none';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS serves_alike Nullable(Float64) COMMENT 'share of the referring domains of it or of a suspect that it serves, that are those of both, as far as it serves it; NULL under two, or where it links to nobody';
