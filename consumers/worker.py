"""What every reader of the log does beside its own work: live in its group, wait, try again."""

from __future__ import annotations

import logging
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol

from pipeline.errors import ArchiveBusy, LogBusy, StoreBusy
from pipeline.log import Reader, Record

logger = logging.getLogger(__name__)

_BUSY = {StoreBusy: "the store", ArchiveBusy: "the archive", LogBusy: "the log"}


class Patience(Protocol):
    """In seconds: the first pause where something is busy, the longest, and to stop in."""

    @property
    def retry_s(self) -> float: ...

    @property
    def longest_retry_s(self) -> float: ...

    @property
    def stop_s(self) -> float: ...


class Worker(ABC):
    """`turn` is one round; `run` goes on until `stop` is called.

    `clock`: seconds that only grow, for pauses, ages and the time to stop in.
    """

    def __init__(
        self,
        reader: Reader,
        patience: Patience,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self.reader, self._patience = reader, patience
        self.clock, self.sleep = clock, sleep
        self.retries = 0
        self.turned_at = time.monotonic()
        self._stopping: float | None = None

    @abstractmethod
    def turn(self, *, timeout_s: float = 0.2) -> int:
        """One round; how many records it took."""

    @abstractmethod
    def flush(self) -> None:
        """Writes and commits all that was taken."""

    @abstractmethod
    def _take(self, record: Record) -> None: ...

    @abstractmethod
    def _forget_revoked(self) -> None:
        """Whoever has these partitions now reads them again."""

    def stop(self) -> None:
        """From any thread or a signal: finish the turn, write, commit, leave."""
        if self._stopping is None:
            self._stopping = self.clock() + self._patience.stop_s

    def run(self) -> None:
        """Raises what can't be retried."""
        try:
            while self._stopping is None:
                try:
                    self.turn()
                except LogBusy as error:
                    self._log_is_busy(error)
            self.flush()
        finally:
            self._leave()

    def _leave(self) -> None:
        try:
            self.reader.close()
        except LogBusy as error:
            logger.warning("left without a word: %s", error)

    def _log_is_busy(self, error: LogBusy) -> None:
        self.retries += 1
        pause = self._patience.retry_s
        logger.warning("the log is busy, trying again in %.1f s: %s", pause, error)
        self.sleep(pause)

    def _poll_and_take(self, *, timeout_s: float, limit: int) -> int:
        self.turned_at = time.monotonic()
        records = self.reader.poll(timeout_s=timeout_s, max_records=limit)
        self._forget_revoked()
        assigned = self.reader.assigned()
        ours = [record for record in records if record.partition in assigned]
        for record in ours:
            self._take(record)
        return len(ours)

    def _until_done(
        self, attempt: Callable[[], None], wanted: Callable[[], bool], held: Callable[[], str]
    ) -> bool:
        """Tries until it succeeds or is not `wanted` any more; False where no time is left for it.

        In between it waits in the group. held: what is not written, for the one who stops it.
        """
        pause = self._patience.retry_s
        while wanted():
            try:
                attempt()
                return True
            except (StoreBusy, ArchiveBusy, LogBusy) as error:
                self.retries += 1
                if self._stopping is not None and self.clock() + pause > self._stopping:
                    logger.warning("stopped with %s not written: %s", held(), error)
                    return False
                who = next(name for kind, name in _BUSY.items() if isinstance(error, kind))
                logger.warning("%s is busy, trying again in %.1f s: %s", who, pause, error)
                stopping = self._stopping
                self._wait(pause)
                pause = min(2 * pause, self._patience.longest_retry_s)
                if self._stopping != stopping:  # just told to stop: use what time there is
                    pause = self._patience.retry_s
        return True

    def _wait(self, seconds: float) -> None:
        """Polls with everything paused, so that the group does not take us for dead."""
        until = self.clock() + seconds * random.uniform(0.7, 1.3)
        stopping = self._stopping
        while self.clock() < until and self._stopping == stopping:
            self.reader.pause(self.reader.assigned())
            try:
                self._poll_and_take(timeout_s=0, limit=1)  # of a partition assigned just now
            except LogBusy as error:
                logger.info("the log is busy: %s", error)
            self.sleep(min(0.2, seconds))
        self.reader.resume(self.reader.assigned())
