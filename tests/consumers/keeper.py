"""The archiver under random schedules: workers that crash, share and fall silent, storage that
fails."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

from consumers.archive import Archiver
from pipeline.archive.read import Imported, describe, open_archive, records
from pipeline.archive.storage import Storage
from pipeline.log import ARCHIVE as GROUP
from pipeline.log import PAGES, Message
from pipeline.log.sqlite import SqliteLog, SqliteReader
from pipeline.settings import ArchiveSettings
from tests.consumers.schedule import Schedule
from tests.consumers.world import POISON
from tests.pipeline.archive.files import FaultyStorage, new
from tests.support.faults import Clock
from tests.support.records import START


class Keeper(Schedule[Archiver]):
    """One schedule of the archiver."""

    group = GROUP

    def __init__(
        self, number: int, path: Path, where: str, make: type[Archiver] = Archiver
    ) -> None:
        super().__init__(number, Clock(START / 1000), rate=0.25)
        self.where, self.make, dice = where, make, self.dice
        random.seed(number)  # the loop's jitter
        self.log = SqliteLog(
            path, partitions=2, clock=self.clock, heartbeat_s=0, session_timeout_s=30
        )
        new(where)
        self.storage = FaultyStorage(where, dice, self.rate)
        self.settings = ArchiveSettings(
            part_bytes=dice.choice([1 << 10, 4 << 10, 1 << 20]),
            part_age_s=dice.choice([0, 2, 90]),
            level=1,
        )

    def run(self) -> None:
        """Some records come, all are kept; the last worker meets no faults."""
        for _ in range(self.dice.randrange(10, 40)):
            if self.dice.random() < 0.5:
                self._append()
            self._step()
        self._end_all()
        last = self._worker(self.log.reader(GROUP, [PAGES], member="last"), rate=0)
        while last.turn(timeout_s=0):
            pass
        last.stop()
        last.run()
        self._judge()
        self.log.close()

    def _judge(self) -> None:
        done = Imported()
        found = Counter(records(open_archive(self.where), done=done))
        sent = Counter(self.log.read_all(PAGES))
        if found != sent:
            self.wrongs.append(f"not kept: {sent - found}; kept too often: {found - sent}")
        if done.damaged:
            self.wrongs.append(f"damaged: {done.damaged}")
        if describe(self.where).gaps:
            self.wrongs.append(f"gaps: {describe(self.where).gaps}")
        if any(self.log.lag().values()):
            self.wrongs.append(f"lag left: {self.log.lag()}")

    def _append(self) -> None:
        """Of all days, since the clock jumps: over midnight, too."""
        dice = self.dice
        self.clock.now += dice.choice([0, 1, 3_600, 50_000])
        whole = [b'{"n":%d}' % dice.randrange(1 << 30), dice.randbytes(700), *POISON]
        self.log.append(
            PAGES,
            [
                Message(b"%d" % dice.randrange(9), dice.choice(whole), (("a", b"\xff"),))
                for _ in range(dice.randrange(1, 12))
            ],
        ).result()

    def _worker(self, reader: SqliteReader, rate: float | None = None) -> Archiver:
        rate = self.rate if rate is None else rate
        faulty = self._faulty(reader, rate)
        storage = self.storage if rate else Storage(self.where)
        return self.make(faulty, storage, self.settings, clock=self.clock, sleep=self.clock.sleep)
