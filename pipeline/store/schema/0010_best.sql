-- Referring domains tell their best link whole, and count the links that arrive by pages of other domains:
-- so that the first page of backlinks is read from their rows alone. The lifecycle job makes all rows anew
-- once; until then a question looks at the links themselves.

ALTER TABLE referrers ADD COLUMN IF NOT EXISTS indirect UInt32 COMMENT 'live links to pages of other domains that lead to one of its own; in no other number of links here';

ALTER TABLE referrers ADD COLUMN IF NOT EXISTS indirect_lost UInt32 COMMENT 'of such links, those that are lost';

ALTER TABLE referrers ADD COLUMN IF NOT EXISTS indirect_unverified UInt32 COMMENT 'of such links, those that are unverified';

ALTER TABLE referrers ADD COLUMN IF NOT EXISTS indirect_followed UInt32 COMMENT 'of such live links, those that are followed';

ALTER TABLE referrers ADD COLUMN IF NOT EXISTS best_first_seen UInt64 COMMENT 'of the best link: earliest visit with it, ms since 1970';

ALTER TABLE referrers ADD COLUMN IF NOT EXISTS best_not_before UInt64 COMMENT 'of the best link: last complete visit of its page without it before, ms since 1970; 0 where there was none';

ALTER TABLE referrers ADD COLUMN IF NOT EXISTS best_last_seen UInt64 COMMENT 'of the best link: latest visit with it, ms since 1970';

ALTER TABLE referrers ADD COLUMN IF NOT EXISTS best_lost_by UInt64 COMMENT 'of the best link: when it was known to be gone, ms since 1970; 0 while it is not lost, or where it is not known';

ALTER TABLE referrers ADD COLUMN IF NOT EXISTS named_domain String COMMENT 'registered domain of the page that the best link names, where that is another: it is indirect; else empty';

ALTER TABLE referrers ADD COLUMN IF NOT EXISTS end_url String COMMENT 'where the best link ends, if what it names leads on; else empty';

ALTER TABLE referrers ADD COLUMN IF NOT EXISTS via Array(String) COMMENT 'the pages by which it gets there, from the one that it names on';
