"""Workers that join, leave, die and fall silent by the dice, over a real log."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from consumers.worker import Worker
from pipeline.log import PAGES
from pipeline.log.sqlite import SqliteLog, SqliteReader
from tests.support.faults import Clock, Crash, FaultyReader

AnyWorker = TypeVar("AnyWorker", bound=Worker)


class Schedule(ABC, Generic[AnyWorker]):
    """What went wrong stands in `wrongs`."""

    group: str
    log: SqliteLog
    deadly: tuple[type[BaseException], ...] = (Crash,)  # what ends a worker, and may

    def __init__(self, number: int, clock: Clock, rate: float) -> None:
        self.clock, self.rate = clock, rate
        self.dice = random.Random(number)
        self.workers: list[AnyWorker] = []
        self.wrongs: list[str] = []
        self._joined = 0
        self._busy: list[AnyWorker] = []  # in the middle of a turn

    @abstractmethod
    def _worker(self, reader: SqliteReader, rate: float | None = None) -> AnyWorker:
        """`rate`: of its faults, the schedule's where it is not given."""

    def _step(self) -> None:
        roll = self.dice.random()
        if not self.workers or (len(self.workers) < 3 and roll < 0.12):
            self._join()
        elif roll < 0.2:
            self.clock.now += 31  # all of them were silent for too long
        elif roll < 0.24:
            self._leave(self.dice.choice(self.workers))
        elif not self._beside(roll):
            self.clock.now += self.dice.random() * 2
            self._turn(self.dice.choice(self.workers))

    def _beside(self, roll: float) -> bool:
        """Something else than a turn, at some rolls."""
        return False

    def _faulty(self, reader: SqliteReader, rate: float) -> FaultyReader:
        return FaultyReader(reader, self.dice, rate, self._happen, self.wrongs)

    def _join(self) -> None:
        self._joined += 1
        name = self.dice.choice([f"{self._joined}", f"{self._joined}", "named"])
        self.workers.append(self._worker(self.log.reader(self.group, [PAGES], member=name)))

    def _turn(self, worker: AnyWorker) -> None:
        self._busy.append(worker)
        try:
            worker.turn(timeout_s=0)
        except self.deadly:
            self._bury(worker)
        self._busy.pop()

    def _leave(self, worker: AnyWorker) -> None:
        self._busy.append(worker)
        worker.stop()
        try:
            worker.run()
            self.workers.remove(worker)
        except self.deadly:
            self._bury(worker)
        self._busy.pop()

    def _bury(self, worker: AnyWorker) -> None:
        assert isinstance(worker.reader, FaultyReader)
        worker.reader.die()
        if worker in self.workers:
            self.workers.remove(worker)

    def _happen(self) -> None:
        """While one worker polls or commits, others go on."""
        if len(self._busy) != 1 or self.dice.random() >= self.rate:
            return
        if self.dice.random() < 0.7:
            self.clock.now += 31
        others = [worker for worker in self.workers if worker not in self._busy]
        if not others:
            self._join()
            others = self.workers[-1:]
        other = self.dice.choice(others)
        self._turn(other)
        if other in self.workers and self.dice.random() < 0.5:
            self._leave(other)

    def _end_all(self) -> None:
        """Those left leave or die."""
        while self.workers:
            worker = self.workers[0]
            if self.dice.random() < 0.5:
                self._bury(worker)
            else:
                self._leave(worker)
        self.clock.now += 31
