"""Workers of a cluster are started in any order: who finds no store or broker waits for it.

Meanwhile it is watched and told to stop as one that works.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from pipeline.errors import LogBusy, StoreBusy
from pipeline.log import Log
from pipeline.metrics import RETRIES, Sample, Told, Watched, served
from pipeline.report.stopping import on_signal
from pipeline.settings import Settings

Answer = TypeVar("Answer")
logger = logging.getLogger(__name__)


class Working(Watched, Protocol):
    """A worker. `stop` may be called from a signal handler."""

    def stop(self) -> None: ...


class Start:
    """A worker before it works. `told`: where it is watched.

    once: for who is started by a timer or by hand, and would rather be told than wait.
    """

    def __init__(
        self,
        settings: Settings,
        told: Told | None = None,
        *,
        once: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.settings, self.told, self.once, self.sleep = settings, told, once, sleep
        self.retries = 0

    @property
    def turned_at(self) -> float:
        """Now: each try ends by itself, if only after a minute where brokers say nothing."""
        return time.monotonic()

    def samples(self) -> Iterator[Sample]:
        yield Sample(RETRIES, self.retries)

    def stop(self) -> None:
        """In the signal's handler, so that it breaks off whatever is waited for: none is begun."""
        raise SystemExit(0)

    def patiently(self, attempt: Callable[[], Answer]) -> Answer:
        """Its answer, as soon as the store and the log are not busy or away any more.

        Embedded, nobody else would mend it: there it raises StoreBusy and LogBusy at once.
        """
        pause = self.settings.consume.retry_s
        while True:
            try:
                return attempt()
            except (StoreBusy, LogBusy) as error:
                if self.once or not (self.settings.store.hosts or self.settings.kafka.brokers):
                    raise
                self.retries += 1
                logger.warning("waiting to begin, trying again in %.1f s: %s", pause, error)
                self.sleep(pause)
                pause = min(2 * pause, self.settings.consume.longest_retry_s)

    def becomes(self, worker: Working, stop_s: float) -> None:
        """From now on it is this that is watched, and told to stop: it has `stop_s` for that."""
        on_signal(worker.stop, stop_s)
        if self.told is not None:
            self.told.worker = worker

    def tells(self, more: Callable[[], Iterable[Sample]]) -> None:
        """These samples too from now on, beside the worker's."""
        if self.told is not None:
            self.told.beside.append(more)


@contextmanager
def started(
    settings: Settings, log: Log | None = None, group: str = "", *, once: bool = False
) -> Iterator[Start]:
    """A worker's start, and its watchers until its end; `once`: nobody watches, nobody waits."""
    start = Start(settings, once=once)
    if once:
        yield start
        return
    on_signal(start.stop, 0.0)
    with served(settings.metrics, start, log, group) as start.told:
        yield start
