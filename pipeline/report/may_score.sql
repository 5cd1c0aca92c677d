-- Whether this user may insert all that `score` does. Asks, and changes nothing.
CHECK GRANT
    INSERT ON links,
    INSERT ON page_fates,
    INSERT ON leads,
    INSERT ON indirect_links,
    INSERT ON referrers,
    INSERT ON link_uses,
    INSERT ON large_targets,
    INSERT ON frontier_in,
    INSERT ON marks,
    INSERT ON snapshots,
    INSERT ON domain_edges,
    INSERT ON domain_edges_next,
    INSERT ON domain_quality,
    INSERT ON domain_quality_next,
    INSERT ON page_strength,
    INSERT ON page_strength_next
