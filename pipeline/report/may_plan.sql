-- Whether this user may insert all that `worker plan` does, and purge. Asks, and changes nothing.
CHECK GRANT
    INSERT ON frontier_in,
    INSERT ON controls,
    INSERT ON sites,
    INSERT ON marks,
    ALTER DELETE ON frontier
