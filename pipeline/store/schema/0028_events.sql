-- Of large targets it is kept in which hours their links came, went and changed: so that it is counted, and the latest
-- found, without reading their links. The lifecycle job makes all of it anew once.

ALTER TABLE link_uses ADD COLUMN IF NOT EXISTS event_hours Array(UInt32) COMMENT 'hours in which links of the pair came, went or changed, since 1970 in UTC; in the row of part 0, as all that is told of events';

ALTER TABLE link_uses ADD COLUMN IF NOT EXISTS event_changes Array(Enum8('appeared' = 1, 'discovered' = 2, 'lost' = 3, 'changed' = 4, 'indirect' = 5, 'lost indirect' = 6, 'gained domain' = 7, 'lost domain' = 8)) DEFAULT arrayMap(hour -> CAST('appeared', 'Enum8(\'appeared\' = 1, \'discovered\' = 2, \'lost\' = 3, \'changed\' = 4, \'indirect\' = 5, \'lost indirect\' = 6, \'gained domain\' = 7, \'lost domain\' = 8)'), event_hours) COMMENT 'what happened: as in changes_of; indirect, lost indirect: to links that get there by other pages; gained domain, lost domain: the first link came, the last one went';

ALTER TABLE link_uses ADD COLUMN IF NOT EXISTS event_reasons Array(LowCardinality(String)) DEFAULT arrayMap(hour -> '', event_hours) COMMENT 'reason of a loss; else empty';

ALTER TABLE link_uses ADD COLUMN IF NOT EXISTS event_counts Array(UInt32) DEFAULT arrayMap(hour -> toUInt32(0), event_hours) COMMENT 'how often in that hour';
