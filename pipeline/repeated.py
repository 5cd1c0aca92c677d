"""A job again and again, as a worker of its own: a planner's life, and a scorer's."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator

from pipeline.errors import LogBusy, StoreBusy
from pipeline.metrics import JOB, RETRIES, Sample

logger = logging.getLogger(__name__)

_TURN_S = 1.0  # so often it says that it lives, while it waits


class Repeated:
    """`job` every `interval_s` from start to start, until `stop`; at once where it took longer.

    A job may return the seconds until its next start, where that is to be sooner. A busy log or
    store costs one turn. Whoever has a long job calls `lives` in between, or it is taken for stuck.
    """

    def __init__(self, job: Callable[[], float | None], interval_s: float) -> None:
        self.job, self.interval_s = job, interval_s
        self.retries = self.times = 0
        self.seconds = 0.0
        self.turned_at = time.monotonic()
        self._stopping = threading.Event()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def stop(self) -> None:
        """From any thread or a signal: the job that runs ends, and no other begins."""
        self._stopping.set()

    def lives(self) -> None:
        self.turned_at = time.monotonic()

    def run(self) -> None:
        """Raises what can't be retried."""
        while not self.stopping:
            self.lives()
            began, pause = time.monotonic(), self.interval_s
            try:
                sooner = self.job()
                pause = pause if sooner is None else min(pause, sooner)
                self.times += 1
                self.seconds += time.monotonic() - began
            except (LogBusy, StoreBusy) as error:
                self.retries += 1
                logger.warning("left to the next turn: %s", error)
            while not self.stopping and (left := began + pause - time.monotonic()) > 0:
                self.lives()
                self._stopping.wait(min(_TURN_S, left))

    def samples(self) -> Iterator[Sample]:
        yield Sample(JOB, self.seconds, times=self.times)
        yield Sample(RETRIES, self.retries)
