"""Rows to a domain graph, and what its shape says of every domain."""
