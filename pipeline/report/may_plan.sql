-- Whether this user may insert all that `worker plan` does. Asks, and changes nothing.
CHECK GRANT
    INSERT ON frontier_in,
    INSERT ON controls,
    INSERT ON sites,
    INSERT ON marks
