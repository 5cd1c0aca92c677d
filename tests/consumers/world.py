"""Random schedules for consumers: a real log, workers that crash, share and fall silent."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

import msgspec

from consumers.loop import Loop
from consumers.pages import PageRows
from pipeline.errors import StoreRefused
from pipeline.index.lifecycle import Lifecycle
from pipeline.log import DEAD_PAGES, PAGES, Message
from pipeline.log.deadletter import DeadLetters
from pipeline.log.sqlite import SqliteLog, SqliteReader
from pipeline.page import Outcome, Page, Request, encode
from pipeline.settings import ConsumeSettings, RevisitSettings
from pipeline.store import Store
from tests.consumers.schedule import Schedule
from tests.consumers.truth import all_records, dead_letters, expected, readable
from tests.support.faults import Clock, Crash, FaultyReader, FaultyStore, Later
from tests.support.records import HOUR, START, Link, message, page
from tests.support.stores import AnyStore

OUTCOMES: tuple[Outcome, ...] = (
    "ok", "ok", "ok", "ok", "not_modified", "gone", "redirect", "error", "timeout",
)  # fmt: skip
POISON = (
    b"", b"{", b"\xff\xfe", b"[]", b"null", b'{"v": 2}', b'{"v": 99}', b"[" * 100_000,
    b'{"v": 2, "title": "\\ud800"}', b'"text"', b"NaN",
)  # fmt: skip
GROUP = "consume"
MakeLoop = Callable[
    [FaultyReader, Store, PageRows, DeadLetters, ConsumeSettings, Executor, Clock], Loop
]


def plain_loop(
    reader: FaultyReader,
    store: Store,
    rows: PageRows,
    dead: DeadLetters,
    settings: ConsumeSettings,
    background: Executor,
    clock: Clock,
) -> Loop:
    return Loop(
        reader, store, rows, dead, settings,
        background=background, clock=clock, wall=clock, sleep=clock.sleep,
    )  # fmt: skip


class World(Schedule[Loop]):
    """One schedule. `number` names its domains, so that many may share a database."""

    group = GROUP
    deadly = (Crash, StoreRefused)

    def __init__(
        self,
        number: int,
        store: AnyStore,
        path: Path,
        clock: Clock,
        *,
        make: MakeLoop = plain_loop,
        rate: float = 0.25,
    ) -> None:
        super().__init__(number, clock, rate)
        self.number, self.make = number, make
        self.log = SqliteLog(path, partitions=2, clock=clock, heartbeat_s=0, session_timeout_s=30)
        self.real_store = store
        self.store = FaultyStore(store, self.dice, rate)
        self.inserting: list[Later] = []
        self.job = Lifecycle(store, 60, clock=clock)
        self._at = START
        self.settings = ConsumeSettings(
            flush_rows=self.dice.choice([6, 15, 60]),
            flush_age_s=self.dice.choice([0.5, 6.0]),
            poll_records=self.dice.choice([2, 5, 20]),
            dead_letters=10_000,
            stop_s=self.dice.choice([0.0, 20.0]),
        )
        self.waiting = self._records(self.dice.randrange(5, 15))

    def run(self) -> None:
        """Every record appended and consumed, by the end without faults."""
        random.seed(self.number)  # the loop's jitter
        while self.waiting or self.dice.random() < 0.9:
            if self.waiting:
                self._append()
            self._step()
        self._finish()

    def _append(self) -> None:
        size = self.dice.randrange(1, 8)
        batch, self.waiting = self.waiting[:size], self.waiting[size:]
        self.log.append(PAGES, batch).result()

    def _beside(self, roll: float) -> bool:
        if roll < 0.26:
            self.job.run()
        return roll < 0.26

    def _worker(self, reader: SqliteReader, rate: float | None = None) -> Loop:
        rate = self.rate if rate is None else rate
        faulty = self._faulty(reader, rate)
        dead = DeadLetters(self.log, DEAD_PAGES, limit=self.settings.dead_letters)
        rows = PageRows(RevisitSettings())
        store = self.store if rate else self.real_store
        self.inserting.append(Later(self.dice))
        return self.make(faulty, store, rows, dead, self.settings, self.inserting[-1], self.clock)

    def _finish(self) -> None:
        """Those left leave or die; whoever comes next meets no faults."""
        self._end_all()
        for inserting in self.inserting:
            if self.dice.random() < 0.5:
                inserting.land()
        worker = self._worker(self.log.reader(GROUP, [PAGES], member="last"), rate=0)
        while worker.turn(timeout_s=0) or worker.batch:
            self.clock.now += 1
        worker.flush()
        worker.reader.close()
        if any(self.log.lag().values()):
            self.wrongs.append(f"lag left: {self.log.lag()}")
        self.pages, poison = readable(all_records(self.log))
        if dead_letters(self.log) != poison:
            self.wrongs.append(f"dead letters: {dead_letters(self.log) ^ poison}")
        self.log.close()

    def expected(self) -> dict[str, dict[object, object]]:
        return expected(self.pages)

    def _records(self, count: int) -> list[Message]:
        """Visits of a few pages in any order, with poison between and copies of both."""
        made: list[Message] = []
        for _ in range(count):
            if self.dice.random() < 0.2:
                made.append(self._poison())
            else:
                made += [message(part) for part in self._visit()]
        made += self.dice.sample(made, len(made) // 6)
        self.dice.shuffle(made)
        return made

    def _poison(self) -> Message:
        key = b"%d" % self.dice.randrange(10)
        whole = self._visit()[0]
        wrong = [
            msgspec.structs.replace(whole, suffix_list="another"),
            msgspec.structs.replace(whole, part=3, parts=2),
            msgspec.structs.replace(whole, fetched_at=int((self.clock.now + 100 * 86_400) * 1000)),
            msgspec.structs.replace(
                whole,
                external=msgspec.structs.replace(whole.external, target=["https://x.org/"] * 9),
            ),
        ]
        values = [*POISON, *(encode(record) for record in wrong), encode(whole)[:-9]]
        return Message(key, self.dice.choice(values), (("from", b"test"),))

    def _visit(self) -> list[Page]:
        dice = self.dice
        self._at += dice.randrange(1, 30) * HOUR
        domain = f"s{self.number}-{dice.randrange(2)}.org"
        url = f"https://{domain}/{dice.choice(['', 'a', 'b?c=d'])}"
        outcome = dice.choice(OUTCOMES)
        body = outcome == "ok"
        parts = 2 if body and dice.random() < 0.15 else 1
        source = dice.choice(["crawl", "crawl", "warc", "wat"]) if body else "crawl"
        noindex, links = dice.random() < 0.1, self._links() if body else []
        return [
            page(
                url,
                self._at,
                links[part::parts],
                outcome=outcome,
                complete=body and dice.random() < 0.85,
                inner=[f"{dice.choice(['http', 'https'])}://{domain}/{dice.randrange(4)}"] * body,
                title=f"title {self._at}",
                etag=f"etag {self._at}",
                noindex=noindex,
                source=source,
                request=Request(hops=dice.randrange(3), attempt=dice.randrange(3), latency_ms=7),
                part=part + 1,
                parts=parts,
            )
            for part in range(parts)
        ]

    def _links(self) -> list[Link]:
        dice = self.dice
        chosen = dice.sample(range(4), dice.randrange(4))
        return [
            Link(
                f"https://t{self.number}-{i}.org/{i}",
                kind=dice.choice(["a", "a", "iframe"]),
                anchor=f"anchor {dice.randrange(1000)}",
                rel=dice.randrange(8),
                position=dice.choice(["main", "nav", "footer"]),
                before=f"before {self._at}",
                after="after\t'quoted' \\ 漢",
                times=dice.randrange(1, 4),
            )
            for i in chosen
        ]
