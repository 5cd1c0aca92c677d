"""A real reader and a real store that fail on demand, and the clock that they share."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import suppress
from functools import partial
from typing import Any

import pyarrow as pa

from pipeline.errors import StoreBusy, StoreFull, StoreRefused
from pipeline.log import Committed, Partition, Record
from pipeline.log.sqlite import SqliteReader
from pipeline.store import Parameters
from tests.support.stores import AnyStore


class Crash(BaseException):
    """The process dies here; nothing in it may catch this."""


class Clock:
    """Seconds since 1970; sleeping moves it."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class FaultyStore:
    """`store` with inserts that fail: before, after, or in the middle of writing."""

    def __init__(self, store: AnyStore, dice: random.Random, rate: float) -> None:
        self.store, self.dice, self.rate = store, dice, rate
        self.busy = 0  # so many inserts more are refused
        self.inserts = 0

    def insert(self, table: str, rows: pa.Table) -> None:
        self.inserts += 1
        if self.busy:
            self.busy -= 1
            raise StoreBusy("too many parts")
        if self.dice.random() >= self.rate:
            self.store.insert(table, rows)
            return
        faults = [self._crash, self._partly, self._partly, self._busy, self._answer_lost]
        self.dice.choice([*faults, self._refuse])(table, rows)

    def _crash(self, table: str, rows: pa.Table) -> None:
        if self.dice.random() < 0.5:
            self.store.insert(table, rows)
        raise Crash

    def _partly(self, table: str, rows: pa.Table) -> None:
        """Some of the rows are written, as where an insert is cut into blocks or views."""
        chosen = [i for i in range(rows.num_rows) if self.dice.random() < 0.5]
        self.store.insert(table, rows.take(pa.array(chosen, pa.int64())))
        self.busy = self.dice.randrange(3)
        raise self.dice.choice([StoreBusy("timeout"), StoreFull("no room"), Crash()])

    def _busy(self, table: str, rows: pa.Table) -> None:
        self.busy = self.dice.randrange(4)
        raise StoreBusy("too many queries")

    def _refuse(self, table: str, rows: pa.Table) -> None:
        raise StoreRefused("no such column")

    def _answer_lost(self, table: str, rows: pa.Table) -> None:
        self.store.insert(table, rows)
        raise StoreBusy("the connection was reset")

    def execute(self, sql: str, parameters: Parameters | None = None) -> None:
        self.store.execute(sql, parameters)

    def query(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        return self.store.query(sql, parameters)

    def stream(self, sql: str, parameters: Parameters | None = None) -> Iterator[pa.RecordBatch]:
        return self.store.stream(sql, parameters)

    def columns(self, sql: str, parameters: Parameters | None = None) -> pa.Schema:
        return self.store.columns(sql, parameters)

    def close(self) -> None:
        """The store outlives its users."""


class Later(Executor):
    """Does what it is given when its result is waited for, or before, by the dice."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.under_way: Late | None = None

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **more: Any) -> Late:
        self.under_way = Late(self.dice, partial(work, *arguments, **more))
        return self.under_way

    def land(self) -> None:
        """Whoever submitted it is gone; it may come to its end all the same."""
        if self.under_way is not None:
            with suppress(Crash, StoreBusy, StoreFull, StoreRefused):
                self.under_way.result()


class Late(Future[Any]):
    def __init__(self, dice: random.Random, work: Callable[[], Any]) -> None:
        super().__init__()
        self.dice, self.work = dice, work

    def done(self) -> bool:
        if not super().done() and self.dice.random() < 0.4:
            self._do()
        return super().done()

    def result(self, timeout: float | None = None) -> Any:
        if not super().done():
            self._do()
        return super().result(timeout)

    def _do(self) -> None:
        try:
            self.set_result(self.work())
        except BaseException as error:
            self.set_exception(error)


class FaultyReader:
    """`reader` with something happening before a poll and around a commit.

    Notes in `wrongs` what a worker must never do: move its group's place back, or commit what it
    read before it lost the partition and got it back.
    """

    def __init__(
        self,
        reader: SqliteReader,
        dice: random.Random,
        rate: float,
        happen: Callable[[], None],
        wrongs: list[str],
    ) -> None:
        self.reader, self.dice, self.rate = reader, dice, rate
        self.happen, self.wrongs = happen, wrongs
        self.read: dict[Partition, set[int]] = {}  # since it was assigned

    def poll(self, *, timeout_s: float, max_records: int = 500) -> list[Record]:
        self.happen()
        self._maybe_die()
        records = self.reader.poll(timeout_s=0, max_records=max_records)
        for partition in self.reader._revoked:
            self.read.pop(partition, None)
        for record in records:
            self.read.setdefault(record.partition, set()).add(record.offset)
        return records

    def commit(self, offsets: Mapping[Partition, Committed]) -> None:
        self.happen()
        self._maybe_die()
        before = {partition: self.reader.committed(partition) for partition in offsets}
        self.reader.commit(offsets)
        for partition, committed in before.items():
            offset = offsets[partition].offset
            if committed is not None and offset < committed.offset:
                self.wrongs.append(f"{partition}: {committed.offset} moved back to {offset}")
            if offset - 1 not in self.read.get(partition, set()):
                self.wrongs.append(f"{partition}: {offset} committed and {offset - 1} not read")
        self._maybe_die()

    def _maybe_die(self) -> None:
        if self.dice.random() < self.rate / 12:
            raise Crash

    def revoked(self) -> set[Partition]:
        return self.reader.revoked()

    def assigned(self) -> set[Partition]:
        return self.reader.assigned()

    def committed(self, partition: Partition) -> Committed | None:
        return self.reader.committed(partition)

    def pause(self, partitions: Collection[Partition]) -> None:
        self.reader.pause(partitions)

    def resume(self, partitions: Collection[Partition]) -> None:
        self.reader.resume(partitions)

    def end_offsets(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        return self.reader.end_offsets(partitions)

    def close(self) -> None:
        if not isinstance(sys.exc_info()[1], Crash):  # who dies does not say goodbye
            self.reader.close()

    def die(self) -> None:
        """What the kernel does for a process that is gone; its membership stays behind."""
        self.reader._connection.close()
