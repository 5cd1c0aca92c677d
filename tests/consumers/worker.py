"""One worker over a real log and a store that keeps what was inserted."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

import pyarrow as pa

from consumers.loop import Loop
from consumers.pages import PageRows
from pipeline.log import DEAD_PAGES, PAGES, Message, Partition
from pipeline.log.deadletter import DeadLetters
from pipeline.log.sqlite import SqliteLog
from pipeline.settings import ConsumeSettings, RevisitSettings
from tests.support.faults import Clock
from tests.support.records import START, Link, message, page

NOW = START / 1000 + 60


class Inserts:
    """A store that keeps what was inserted; `refuse` says what the next inserts raise."""

    def __init__(self) -> None:
        self.tables: list[pa.Table] = []
        self.errors: list[Exception] = []
        self.always: Exception | None = None
        self.asked = 0
        self.before: Callable[[], None] = lambda: None

    def insert(self, table: str, rows: pa.Table) -> None:
        assert table == "page_records"
        self.asked += 1
        self.before()
        if self.always is not None:
            raise self.always
        if self.errors:
            raise self.errors.pop(0)
        self.tables.append(rows)

    @property
    def paths(self) -> list[list[str]]:
        return [table.column("path").to_pylist() for table in self.tables]


class Worker:
    """`background`: where inserts are made; in the thread of the loop where it is not given."""

    def __init__(
        self, path: Path, *, background: Executor | None = None, **settings: float
    ) -> None:
        self.clock, self.wall = Clock(NOW), Clock(NOW)
        self.log = SqliteLog(path, partitions=1, clock=self.clock, heartbeat_s=0)
        self.store = Inserts()
        self.partition = Partition(PAGES, 0)
        self.settings = ConsumeSettings(**{"flush_age_s": 0, **settings})  # type: ignore[arg-type]
        self.dead = DeadLetters(self.log, DEAD_PAGES, limit=self.settings.dead_letters)
        self.reader = self.log.reader("g", [PAGES], member="run")
        self.rows = PageRows(RevisitSettings())
        self.loop = Loop(
            self.reader,
            self.store,  # type: ignore[arg-type]
            self.rows,
            self.dead,
            self.settings,
            background=background,
            clock=self.clock,
            wall=self.wall,
            sleep=self.clock.sleep,
        )

    def send(self, *paths: str, links: int = 0) -> None:
        found = [Link(f"https://t{i}.org/") for i in range(links)]
        pages = [page(f"https://s.org/{path}", START, found) for path in paths]
        self.log.append(PAGES, [message(one) for one in pages]).result()

    def send_raw(self, *values: bytes) -> None:
        headers = (("trace", b"\x00\xff"),)
        self.log.append(PAGES, [Message(b"s.org", value, headers) for value in values]).result()

    @property
    def committed(self) -> int:
        log = SqliteLog(self.log.path, partitions=1)
        reader = log.reader("g2", [PAGES])
        found = reader._connection.execute("SELECT offset FROM commits WHERE member_group = 'g'")
        offset = int(found.fetchone()[0])
        reader.close()
        log.close()
        return offset


MakeWorker = Callable[..., Worker]
