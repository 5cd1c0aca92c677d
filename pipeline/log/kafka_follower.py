"""A small topic that is read whole, from its beginning, by everybody: no group, no commits."""

from __future__ import annotations

import threading
import time
from typing import Any

from kafka import KafkaConsumer
from kafka import errors as kafka_errors

from pipeline.errors import LogBusy
from pipeline.log import Partition, Record
from pipeline.log.kafka_client import Names, kafka_says, let_in, no_topic, opened
from pipeline.log.kafka_reader import record_of
from pipeline.settings import KafkaSettings

_WHOLE_S = 30.0  # to read what is there in one poll: a topic of some thousand records
_TURN_S = 0.5  # so soon a poll notices that it was closed


def outside(config: dict[str, Any], settings: KafkaSettings, *, reset: str = "none") -> Any:
    """A consumer outside of any group. reset: where it goes on from an offset that is gone."""
    return opened(
        KafkaConsumer,
        **let_in(config, settings),
        enable_auto_commit=False,
        auto_offset_reset=reset,
        allow_auto_create_topics=False,
        metrics_enabled=False,
    )


class KafkaFollower:
    """See `Follower`. Its own consumer, made at the first poll, and anew after an error.

    Where compaction took records, the offset after them is what the consumer is at. A topic that
    was made anew is read whole again, as soon as it has a record; but one that has grown beyond
    where the old was read to can't be told from it.
    """

    def __init__(self, settings: KafkaSettings, config: dict[str, Any], topic: str) -> None:
        self.settings, self.topic = settings, topic
        self.names = Names(settings.prefix)
        self._config = config
        self._consumer: Any = None
        self._at: dict[Any, int] = {}  # by partition, kept over a new consumer
        self._whole = False
        self._closed = threading.Event()
        self._polling = threading.Lock()

    def poll(self, *, timeout_s: float) -> list[Record]:
        with self._polling:
            if self._closed.is_set():
                return []
            try:
                with kafka_says(f"following {self.topic}", self.settings):
                    return self._poll(timeout_s)
            except BaseException:
                self._drop()
                raise

    def _poll(self, timeout_s: float) -> list[Record]:
        consumer = self._open()
        if not self._whole:
            found = self._read_whole(consumer)
            self._whole = True
            return found
        until = time.monotonic() + timeout_s
        while True:
            left = max(0.0, until - time.monotonic())
            polled = consumer.poll(timeout_ms=int(min(left, _TURN_S) * 1000))
            if self._is_anew(polled):
                return self._again()
            records = self._take(polled)
            if records or self._closed.is_set():
                return records
            if left <= _TURN_S:
                return self._if_it_ends_before(consumer)

    def _is_anew(self, polled: dict[Any, list[Any]]) -> bool:
        return any(found[0].offset < self._at.get(p, 0) for p, found in polled.items())

    def _if_it_ends_before(self, consumer: Any) -> list[Record]:
        """A consumer hears nothing more of a topic that was deleted, however often it asks."""
        ends = consumer.end_offsets(consumer.assignment())
        return self._again() if any(end < self._at.get(p, 0) for p, end in ends.items()) else []

    def _again(self) -> list[Record]:
        """All of a topic made anew, in one answer: it takes the place of what was told before."""
        self._whole = False
        self._drop()
        return self._poll(0)

    def _open(self) -> Any:
        if self._consumer is None:
            name = self.names.topic(self.topic)
            self._consumer = outside(self._config, self.settings, reset="earliest")
            numbers = self._consumer.partitions_for_topic(name)
            if not numbers:
                raise no_topic(name, self.settings, "READ")
            partitions = [self.names.theirs(Partition(self.topic, n)) for n in sorted(numbers)]
            self._consumer.assign(partitions)
            starts = self._consumer.beginning_offsets(partitions)
            for partition in partitions:
                self._consumer.seek(partition, self._at.get(partition, starts[partition]))
        return self._consumer

    def _read_whole(self, consumer: Any) -> list[Record]:
        ends = consumer.end_offsets(consumer.assignment())
        found: list[Record] = []
        until = time.monotonic() + _WHOLE_S
        while any(consumer.position(partition) < end for partition, end in ends.items()):
            if time.monotonic() > until:
                self._at.clear()  # what was read so far is not told: it is read again
                raise LogBusy(f"topic {self.names.topic(self.topic)} takes too long to read whole")
            found += self._take(consumer.poll(timeout_ms=int(_TURN_S * 1000)))
        return found

    def _take(self, polled: dict[Any, list[Any]]) -> list[Record]:
        records = []
        for partition, found in polled.items():
            records += [record_of(self.names.ours(partition), record) for record in found]
            self._at[partition] = found[-1].offset + 1
        return records

    def _drop(self) -> None:
        """Brokers that are away would hold a close for long: the thread that does is left alone."""
        consumer, self._consumer = self._consumer, None
        if not self._whole:
            self._at.clear()
        if consumer is not None:
            threading.Thread(target=_close, args=(consumer,), daemon=True).start()

    def close(self) -> None:
        self._closed.set()
        if self._polling.acquire(timeout=2 * _TURN_S):
            try:
                self._drop()
            finally:
                self._polling.release()


def _close(consumer: Any) -> None:
    try:
        consumer.close()
    except (kafka_errors.KafkaError, OSError):  # it is gone either way
        return
