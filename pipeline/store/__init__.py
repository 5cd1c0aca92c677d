"""The store: ClickHouse, as chDB when embedded (chdb.py) or as a server.

SQL lives in `.sql` files with `{name:Type}` parameters and runs alike on both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, Protocol

import pyarrow as pa

Value = str | int | float | bool | list[str] | list[int]
Parameters = Mapping[str, Value]
DATABASE = "backlinks"


class Store(Protocol):
    """Raises StoreBusy (try again), StoreFull, StoreRefused (stop)."""

    def execute(self, sql: str, parameters: Parameters | None = None) -> None: ...

    def query(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        """The whole answer. For answers of any size use `stream`."""

    def stream(
        self, sql: str, parameters: Parameters | None = None
    ) -> Iterator[pa.RecordBatch]: ...

    def insert(self, table: str, rows: pa.Table) -> None:
        """Whole columns; durable when it returns."""

    def close(self) -> None: ...


@cache
def sql(name: str) -> str:
    """The text of a statement: `sql("pipeline/index/queries/links")`, without its ending."""
    package, _, file = name.rpartition("/")
    return resources.files(package.replace("/", ".")).joinpath(f"{file}.sql").read_text()


def rows(table: pa.Table) -> list[dict[str, Any]]:
    """A small answer as dictionaries."""
    found: list[dict[str, Any]] = table.to_pylist()
    return found
