"""Page to links to log: everything that fetches or reads pages."""
