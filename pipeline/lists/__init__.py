"""Lists of known backlinks, as others export them: read, imported, checked."""
