"""A snapshot handed on: as Parquet for ranking models, as a web graph, as a disavow file."""
