-- Deletes the uses of some domains' links that were counted before. Rewrites the parts that have some.
ALTER TABLE link_uses DELETE WHERE written < {written:UInt64} AND (source_domain IN {domains:Array(String)} OR target_domain IN {domains:Array(String)})
