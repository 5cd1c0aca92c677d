-- Whether this user may insert all that `worker consume` does, and erase. Asks, and changes nothing.
CHECK GRANT
    INSERT ON page_records,
    INSERT ON changed_visits,
    INSERT ON links,
    INSERT ON page_fates,
    INSERT ON leads,
    INSERT ON indirect_links,
    INSERT ON due_pairs,
    INSERT ON referrers,
    INSERT ON link_uses,
    INSERT ON large_targets,
    INSERT ON frontier_in,
    INSERT ON marks,
    INSERT ON controls,
    ALTER DELETE ON links
