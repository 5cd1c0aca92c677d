"""A worker's ear for what operators say: the topic `control`, followed from its beginning."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.control import Controls
from pipeline.errors import LogError
from pipeline.log import CONTROL, Follower, Log, Partition

logger = logging.getLogger(__name__)

EVERY_S = 1.0  # between two looks; so late a pause is heard, at most, where the log answers
_AWAY_S = 2.0  # until the log is asked again where it is busy or refuses
_SAID_S = 60.0  # between two warnings that it is
PAUSED = "paused by an operator; `backlinks admin resume` lets it go on"


class Following(threading.Thread):
    """Keeps `controls` at what the log says, a second behind at most.

    Where the log is away, what was said before holds on. A right that is taken away later is no
    end either, nor an error that nobody foresaw: a worker that stops hears no operator at all.
    """

    def __init__(self, follower: Follower, controls: Controls) -> None:
        super().__init__(name="control", daemon=True)
        self.follower, self.controls = follower, controls
        self._closed = threading.Event()
        self._told = 0.0
        self._last: dict[Partition, int] = {}  # offsets of what was heard last

    def hear(self, *, timeout_s: float) -> None:
        """Offsets that go back in a partition are those of a topic that was made anew.

        Raises LogError.
        """
        records = self.follower.poll(timeout_s=timeout_s)
        if records:
            anew = any(each.offset <= self._last.get(each.partition, -1) for each in records)
            self.controls.take(records, anew=anew)
            known = {} if anew else self._last
            self._last = known | {each.partition: each.offset for each in records}

    def run(self) -> None:
        paused = False
        while not self._closed.is_set():
            if self.controls.paused != paused:
                paused = self.controls.paused
                logger.warning("%s", PAUSED if paused else "resumed by an operator")
            try:
                self.hear(timeout_s=EVERY_S)
            except LogError as error:
                self._tell(error)
                self._closed.wait(_AWAY_S)
            except Exception as error:  # noqa: BLE001 - outermost: its end would go unseen
                self._tell(error, unforeseen=True)
                self._closed.wait(_AWAY_S)

    def _tell(self, error: Exception, *, unforeseen: bool = False) -> None:
        now = time.monotonic()
        if now - self._told > _SAID_S and not self._closed.is_set():
            self._told = now
            logger.warning("what operators say now can't be heard: %s", error, exc_info=unforeseen)

    def close(self) -> None:
        self._closed.set()
        self.follower.close()
        self.join(timeout=EVERY_S)


def now_in(log: Log) -> Controls:
    """What is in force now, for who asks once. Raises LogBusy, LogRefused."""
    follower, controls = log.follow(CONTROL), Controls()
    try:
        controls.take(follower.poll(timeout_s=0))
    finally:
        follower.close()
    return controls


@contextmanager
def followed(log: Log) -> Iterator[Controls]:
    """What is in force, kept up with to the end. All that was said before is heard before.

    Raises LogBusy, LogRefused.
    """
    following = follow(log)
    try:
        yield following.controls
    finally:
        following.close()


def follow(log: Log) -> Following:
    """As `followed`, for who closes it."""
    following = Following(log.follow(CONTROL), Controls())
    try:
        following.hear(timeout_s=0)
    except BaseException:
        following.follower.close()
        raise
    following.start()
    return following
