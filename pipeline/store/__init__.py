"""The store: ClickHouse, as chDB when embedded (chdb.py) or as a server.

SQL lives in `.sql` files with `{name:Type}` parameters and runs alike on both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any, Protocol

import pyarrow as pa


class Literal(str):
    r"""A parameter's value as the engine writes it, such as `['a']` or `\N`: not escaped again."""

    __slots__ = ()


Value = str | int | float | bool | list[str] | list[int] | list[float]
Parameters = Mapping[str, Value]
DATABASE = "backlinks"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Store(Protocol):
    """Raises StoreBusy (try again), StoreFull, StoreRefused (stop)."""

    def execute(self, sql: str, parameters: Parameters | None = None) -> None: ...

    def query(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        """The whole answer. For answers of any size use `stream`."""

    def stream(self, sql: str, parameters: Parameters | None = None) -> Iterator[pa.RecordBatch]:
        """The answer as it comes. Where no row does, one batch of none tells the columns, if that
        costs nothing; see `columns`."""

    def columns(self, sql: str, parameters: Parameters | None = None) -> pa.Schema:
        """Of its answer, without asking for a row: an answer of none has none to tell them by."""

    def insert(self, table: str, rows: pa.Table) -> None:
        """Whole columns; durable when it returns."""

    def close(self) -> None: ...


@cache
def sql(name: str) -> str:
    """The text of a statement: `sql("pipeline/index/queries/links")`, without its ending."""
    package, _, file = name.rpartition("/")
    return resources.files(package.replace("/", ".")).joinpath(f"{file}.sql").read_text()


def of_no_rows(statement: str) -> str:
    """A question with the columns of this one, which reads nothing."""
    return sql("pipeline/store/columns").replace("\nasked\n", f"\n{statement}\n")


def rows(table: pa.Table | pa.RecordBatch) -> list[dict[str, Any]]:
    """A small answer as dictionaries."""
    names = table.schema.names
    columns = [values(table.column(name)) for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def values(column: pa.Array | pa.ChunkedArray) -> list[Any]:
    """A column as Python values, times as datetime in UTC.

    By hand, since pyarrow imports pandas to make one datetime, which takes a second.
    """
    if not pa.types.is_timestamp(column.type):
        plain: list[Any] = column.to_pylist()
        return plain
    milliseconds = column.cast(pa.timestamp("ms", column.type.tz)).cast(pa.int64()).to_pylist()
    return [None if ms is None else _EPOCH + timedelta(milliseconds=ms) for ms in milliseconds]
