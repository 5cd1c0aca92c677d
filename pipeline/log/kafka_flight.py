"""What was sent to Kafka and is not acknowledged: bounded in bytes, and in time.

kafka-python bounds no bytes. Its time is bounded (`delivery_timeout_ms`), but 3.0.12 may take a
batch off its queue in the very round in which others expire, and then neither sends nor ends it;
and while it waits for a producer's id, nothing ends at all. So each append has its end here too.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from itertools import takewhile
from typing import Any

from kafka import KafkaProducer
from kafka import errors as kafka_errors

from pipeline.errors import LogBusy, LogError
from pipeline.log.kafka_client import refused_right, translate
from pipeline.settings import KafkaSettings

logger = logging.getLogger(__name__)

# Who may write to no topic at all gets no number for an idempotent producer.
_NOWHERE = "ClusterAuthorizationFailed"

_GRACE_S = 10.0  # past kafka.delivery_s at most: mostly it is the library that ends an append
_LOOK_S = 1.0
_CLOSE_S = 10.0

Spoil = Callable[[KafkaProducer], None]


class Flight:
    """All appends of a log that have not ended."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings = settings
        self.bytes = 0
        self.doubtful = False  # not all was taken in time: do the brokers still let us in?
        self._room = threading.Condition()
        self._pending: dict[Pending, None] = {}  # the oldest first
        self._closed = threading.Event()
        self._looking: threading.Thread | None = None

    def take_room(self, size: int) -> None:
        """Waits until so many bytes more are within the bound. Raises LogBusy."""
        until = time.monotonic() + self.settings.delivery_s
        with self._room:
            while self.bytes and self.bytes + size > self.settings.in_flight_bytes:
                left = until - time.monotonic()
                if self._closed.is_set():
                    raise LogError("the log is closed")
                if left <= 0 or not self._room.wait(left):
                    raise LogBusy(
                        f"{self.bytes:,} bytes wait for the brokers' acknowledgement since "
                        f"{self.settings.delivery_s:.0f} s; nothing more is sent"
                    )
            self.bytes += size

    def add(self, pending: Pending) -> None:
        with self._room:
            self._pending[pending] = None
            if self._looking is None:
                self._looking = threading.Thread(target=self._look, name="overdue", daemon=True)
                self._looking.start()

    def remove(self, pending: Pending) -> None:
        """It came to an end, well or not."""
        with self._room:
            del self._pending[pending]
            self.bytes -= pending.size
            self._room.notify_all()

    def close(self) -> None:
        self._closed.set()
        with self._room:
            self._room.notify_all()

    def _look(self) -> None:
        while not self._closed.wait(_LOOK_S):
            for pending in self._overdue(time.monotonic()):
                pending.give_up()

    def _overdue(self, now: float) -> list[Pending]:
        with self._room:
            return list(takewhile(lambda pending: pending.until < now, self._pending))


class Pending:
    """One append: its future is told when the last of its records is. On the library's thread."""

    def __init__(
        self, flight: Flight, producer: KafkaProducer, spoil: Spoil, topic: str, count: int,
        size: int, done: Future[list[int]],
    ) -> None:  # fmt: skip
        self.flight, self.producer, self.spoil = flight, producer, spoil
        self.topic, self.size, self.done = topic, size, done
        delivery_s = flight.settings.delivery_s
        self.until = time.monotonic() + delivery_s + min(_GRACE_S, delivery_s)
        self._offsets = [-1] * count
        self._left = count
        self._error: BaseException | None = None
        self._lock = threading.Lock()
        flight.add(self)

    def acknowledged(self, place: int, metadata: Any) -> None:
        self._offsets[place] = metadata.offset
        self._less(1)

    def failed(self, error: BaseException, count: int = 1) -> None:
        self._error = error
        self._less(count)

    def give_up(self) -> None:
        """Whatever the library says later."""
        with self._lock:
            left, self._left = self._left, 0
        if left:
            seconds = self.flight.settings.delivery_s
            self._error = kafka_errors.KafkaTimeoutError(
                f"no word of {left} records in {seconds} s"
            )
            self._end(spoiled=True)

    def _less(self, count: int) -> None:
        with self._lock:
            if not self._left:
                return
            self._left -= count
            if self._left:
                return
        self._end(spoiled=not getattr(self._error, "retriable", False))

    def _end(self, *, spoiled: bool) -> None:
        self.flight.remove(self)
        if self._error is None:
            self.done.set_result(self._offsets)
            return
        if spoiled:
            self.spoil(self.producer)
        else:
            self.flight.doubtful = True
        error = self._told(self._error)
        error.__cause__ = self._error
        self.done.set_exception(error)

    def _told(self, error: BaseException) -> LogError:
        what, settings = f"publishing to {self.topic}", self.flight.settings
        if _NOWHERE in str(error):
            of = f"topic {settings.prefix}{self.topic}"
            return refused_right(what, settings, "WRITE", of)
        return translate(error, what, settings, "WRITE")


def close_quietly(producer: KafkaProducer) -> None:
    try:
        producer.close(timeout=_CLOSE_S)
    except (kafka_errors.KafkaError, OSError, ValueError) as error:
        logger.info("a producer that failed did not close: %s", error)
        # It raised before it told its thread, which would live on with all that it holds.
        producer._sender.force_close()
        producer._closed = True
