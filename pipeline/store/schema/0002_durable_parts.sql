-- An insert's part is renamed into its place once it is written: the directory that says so is written
-- through to the disk too, or a power cut could take back what was acknowledged.

ALTER TABLE links MODIFY SETTING fsync_part_directory = 1;

ALTER TABLE link_context MODIFY SETTING fsync_part_directory = 1;

ALTER TABLE page_links MODIFY SETTING fsync_part_directory = 1;

ALTER TABLE pages MODIFY SETTING fsync_part_directory = 1;

ALTER TABLE frontier MODIFY SETTING fsync_part_directory = 1;

ALTER TABLE arrivals MODIFY SETTING fsync_part_directory = 1;

ALTER TABLE marks MODIFY SETTING fsync_part_directory = 1;

ALTER TABLE snapshots MODIFY SETTING fsync_part_directory = 1;

ALTER TABLE domain_edges MODIFY SETTING fsync_part_directory = 1;

ALTER TABLE domain_edges_next MODIFY SETTING fsync_part_directory = 1;

ALTER TABLE domain_quality MODIFY SETTING fsync_part_directory = 1;

ALTER TABLE domain_quality_next MODIFY SETTING fsync_part_directory = 1;

ALTER TABLE migrations MODIFY SETTING fsync_part_directory = 1;
