"""The store, embedded: chDB in this process, one process at a time in a directory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
from chdb import ChdbError
from chdb.session import Session

from pipeline.store import DATABASE, Parameters, Value
from pipeline.store.failures import safe as _safe
from pipeline.store.failures import translate

_BATCH_ROWS = 65_536  # of a streamed answer: some megabytes, and not chDB's million rows


class ChdbStore:
    """See `Store`. One query at a time: chDB takes both cores for each."""

    def __init__(self, directory: Path, *, database: str = DATABASE) -> None:
        self.directory, self.database = directory, database
        directory.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        with _errors():
            self._session = Session(str(directory))
            self._session.query(f"CREATE DATABASE IF NOT EXISTS {_safe(database)}")
            self._session.query(f"USE {_safe(database)}")

    def execute(self, sql: str, parameters: Parameters | None = None) -> None:
        with self._asking():
            self._session.query(sql, "Null", params=encode_parameters(parameters))

    def query(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        with self._asking():
            answer = self._session.query(sql, "Arrow", params=encode_parameters(parameters))
            data = answer.bytes()
        return plain(pa.ipc.open_file(data).read_all()) if data else pa.table({})

    def stream(self, sql: str, parameters: Parameters | None = None) -> Iterator[pa.RecordBatch]:
        with self._asking():
            answer = self._session.send_query(sql, "Arrow", params=encode_parameters(parameters))
            try:
                for batch in answer.record_batch(rows_per_batch=_BATCH_ROWS):
                    yield from plain(pa.Table.from_batches([batch])).to_batches()
            finally:
                answer.close()

    def insert(self, table: str, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        columns = ", ".join(_safe(name) for name in rows.column_names)
        arriving = rows  # chDB finds it by its name in this frame
        with self._asking():
            self._session.query(
                f"INSERT INTO {_safe(table)} ({columns}) SELECT {columns} FROM Python(arriving)"
            )
        del arriving

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """One question at a time, and a failed one leaves nothing behind.

        chDB 26.9 puts what a failed query had written of its answer before the next query's.
        """
        with self._lock, _errors():
            try:
                yield
            except (ChdbError, RuntimeError):
                with suppress(ChdbError, RuntimeError):
                    self._session.query("SELECT 1", "Null")
                raise

    def read_only(self) -> ChdbStore:
        """A second session on the same data, in this process, that can't write to any table."""
        other = object.__new__(ChdbStore)
        other.directory, other.database = self.directory, self.database
        other._lock = threading.Lock()
        with _errors():
            other._session = Session(str(self.directory))
            other._session.query(f"USE {_safe(self.database)}")
            other._session.query("SET readonly = 2")
        return other

    def close(self) -> None:
        with self._lock:
            self._session.close()


def encode_parameters(parameters: Parameters | None) -> dict[str, str]:
    """As ClickHouse reads them: TSV escapes, arrays as literals."""
    return {name: _encode(value) for name, value in (parameters or {}).items()}


def _encode(value: Value) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, list):
        return "[" + ",".join(_quoted(item) for item in value) + "]"
    if isinstance(value, str):
        return _escaped(value)
    return str(value)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\0", "\\0")


def _quoted(item: str | float) -> str:
    if isinstance(item, int | float):
        return str(item)
    return "'" + _escaped(item).replace("'", "\\'") + "'"


def plain(table: pa.Table) -> pa.Table:
    """Dictionary-encoded and binary columns as plain strings, so that callers meet one type."""
    for i, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(field.type.value_type))
    return table


class _errors:
    """chDB's errors as ours."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, ChdbError | RuntimeError):
            raise translate(str(error)) from error
