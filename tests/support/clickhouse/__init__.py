"""A real ClickHouse server for tests: Debian's, fetched without root."""
