-- Forgets that there is a snapshot; what was computed for it is dropped after that. Rewrites few rows.
ALTER TABLE snapshots DELETE WHERE snapshot = {snapshot:UInt64} SETTINGS mutations_sync = 2
