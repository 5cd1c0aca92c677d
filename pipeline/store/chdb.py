"""The store, embedded: chDB in this process, one process at a time in a directory."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
from chdb import ChdbError
from chdb.session import Session

from pipeline.errors import StoreRefused
from pipeline.store import DATABASE, Parameters, of_no_rows, sql
from pipeline.store.failures import safe as _safe
from pipeline.store.failures import translate
from pipeline.store.parameters import encode_parameters

Found = TypeVar("Found")
# What chDB does not stream: a few rows each.
_SMALL = re.compile(
    r"(?:\s|--.*\n)*(?:SHOW|DESC|DESCRIBE|EXPLAIN|EXISTS|CHECK|KILL|SET|USE)\b", re.IGNORECASE
)
_FEW = 10_000  # rows that are not worth a stream, which has no columns where it has no row
_AGAIN_S = 0.1  # between two words to stop
_BATCH_ROWS = 65_536  # of a streamed answer: some megabytes, and not chDB's million rows


class ChdbStore:
    """See `Store`. One query at a time: chDB takes both cores for each."""

    _mark = ""  # of what a reading session asks, so that it can be stopped

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
            given = encode_parameters(parameters)
            data = self._done(lambda: self._session.query(sql, "Arrow", params=given).bytes())
        return plain(pa.ipc.open_file(data).read_all()) if data else pa.table({})

    def stream(self, sql: str, parameters: Parameters | None = None) -> Iterator[pa.RecordBatch]:
        limit = (parameters or {}).get("limit")
        if _SMALL.match(sql) or (isinstance(limit, int) and limit <= _FEW):
            found = self.query(sql, parameters)
            yield from found.to_batches() or [pa.RecordBatch.from_pylist([], found.schema)]
            return
        with self._asking():
            given = encode_parameters(parameters)
            answer = self._done(lambda: self._session.send_query(sql, "Arrow", params=given))
            try:
                batches = self._done(lambda: answer.record_batch(rows_per_batch=_BATCH_ROWS))
                while (batch := self._done(lambda: next(batches, None))) is not None:
                    yield from plain(pa.Table.from_batches([batch])).to_batches()
            finally:
                answer.close()

    def columns(self, sql: str, parameters: Parameters | None = None) -> pa.Schema:
        """What chDB streams has no columns before its first row."""
        if not _SMALL.match(sql):
            with suppress(StoreRefused):  # of two columns with one name no subquery is made
                return self.query(of_no_rows(sql), parameters).schema
        return self.query(sql, parameters).schema

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

    def _done(self, act: Callable[[], Found]) -> Found:
        """What the engine answers. Of a reading session on the main thread, Ctrl-C stops it:
        Python hears of signals between its own steps alone, and the engine may take minutes."""
        if not self._mark or threading.current_thread() is not threading.main_thread():
            return act()
        with ThreadPoolExecutor(1, thread_name_prefix="ask") as asking:
            answer = asking.submit(act)
            try:
                return answer.result()
            except BaseException:
                while not answer.done():  # once more where the engine had not begun with it
                    self.cancel()
                    wait([answer], _AGAIN_S)
                raise

    def cancel(self) -> None:
        """Stops what this reading session asks, from another thread; nothing where it asks none."""
        other = Session(str(self.directory))
        try:
            other.query(sql("pipeline/store/stop"), "Null", params={"mark": self._mark})
        finally:
            other.close()

    def read_only(self, limits: Mapping[str, int] | None = None) -> ChdbStore:
        """A second session on the same data, in this process, that can't write to any table.

        limits: of each question, by the names of ClickHouse's settings.
        """
        other = object.__new__(ChdbStore)
        other.directory, other.database = self.directory, self.database
        other._lock, other._mark = threading.Lock(), f"ask {uuid.uuid4()}"
        with _errors():
            other._session = Session(str(self.directory))
            other._session.query(f"USE {_safe(self.database)}")
            other._session.query(f"SET log_comment = '{other._mark}'")
            for name, value in (limits or {}).items():
                other._session.query(f"SET {_safe(name)} = {value:d}")
            other._session.query("SET readonly = 2")
        return other

    def close(self) -> None:
        with self._lock:
            self._session.close()


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
