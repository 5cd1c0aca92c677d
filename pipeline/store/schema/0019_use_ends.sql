-- The uses of large targets' links tell where links end: at another page of the target than they name, or at
-- one though they name another domain's. The lifecycle job counts all of them anew once.

ALTER TABLE link_uses ADD COLUMN IF NOT EXISTS ends Array(String) DEFAULT arrayMap(page -> '', pages) COMMENT 'host, path and query of the page where the link ends, if what it names leads on to another of the target; else empty';

ALTER TABLE link_uses ADD COLUMN IF NOT EXISTS ends_https Array(UInt8) DEFAULT arrayMap(page -> toUInt8(0), pages) COMMENT '1 where that page is led to by https';

ALTER TABLE link_uses COMMENT COLUMN pages 'host, path and query of the page that is linked with it; empty where that is another domain\'s';
