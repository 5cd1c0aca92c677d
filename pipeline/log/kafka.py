"""The log in a cluster: Kafka, by kafka-python.

Written with acks=all by an idempotent producer; a record's time is the broker's (topics are made
with LogAppendTime). The library bounds nothing that is sent and not acknowledged, so this does.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar

from kafka import KafkaAdminClient, KafkaProducer
from kafka import errors as kafka_errors

from pipeline.errors import LogError, LogRefused
from pipeline.log import (
    CONSUME,
    CRAWL,
    GROUPS,
    PAGES,
    REQUESTS,
    Committed,
    Message,
    Partition,
    Place,
    Record,
)
from pipeline.log.kafka_client import Names, connection, kafka_says, let_in, no_topic, opened
from pipeline.log.kafka_flight import Flight, Pending, close_quietly
from pipeline.log.kafka_follower import KafkaFollower, outside
from pipeline.log.kafka_reader import KafkaReader, record_of
from pipeline.settings import KafkaSettings

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")

_REQUEST_BYTES = 8 << 20  # of all partitions in one request; a broker takes 100 MB by default
_BLOCK_S = 15.0  # for a topic's partitions; who sends waits as long
_COORDINATOR_S = 20.0
_LEAVE_S = 2.0  # for an answer to another thread's question, when the log is closed
_SLACK = 64 << 10  # a record's key, headers and framing beside its value
_RECORD_COST = 200  # bytes that a record takes in the library beside its own


class KafkaLog:
    """See `Log`. Raises LogBusy where no broker answers, LogRefused where they won't have us."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings = settings
        self.record_bytes = settings.record_bytes
        self.names = Names(settings.prefix)
        self._config = connection(settings)
        self._flight = Flight(settings)
        self._producer: KafkaProducer | None = None
        self._producing = threading.Lock()
        self._closed = False
        self._asking = threading.Lock()
        self._kept: tuple[Any, Any] | None = None

    @property
    def in_flight(self) -> int:
        """Bytes sent and not acknowledged."""
        return self._flight.bytes

    def append(self, topic: str, messages: Sequence[Message]) -> Future[list[int]]:
        done: Future[list[int]] = Future()
        if not messages:
            done.set_result([])
            return done
        size = sum(map(_size, messages))
        try:
            self._too_large(topic, messages)
            producer = self._open_producer()
            self._flight.take_room(size)
        except LogError as error:
            done.set_exception(error)
            return done
        pending = Pending(self._flight, producer, self._spoil, topic, len(messages), size, done)
        for place, message in enumerate(messages):
            try:
                sent = producer.send(
                    self.names.topic(topic),
                    key=message.key,
                    value=message.value,
                    headers=list(message.headers),
                )
            except (kafka_errors.KafkaError, ValueError, AssertionError) as error:
                pending.failed(error, len(messages) - place)  # each more would wait as long
                break
            sent.add_callback(pending.acknowledged, place)
            sent.add_errback(pending.failed)
        return done

    def _too_large(self, topic: str, messages: Sequence[Message]) -> None:
        for message in messages:
            if _size(message) > self.record_bytes + _SLACK:
                raise LogRefused(
                    f"a record of {len(message.value):,} bytes for {topic} is over "
                    f"kafka.record_bytes ({self.record_bytes:,}); raise it with the topic's "
                    "max.message.bytes"
                )

    def _open_producer(self) -> KafkaProducer:
        """Made when first needed, and anew once the old one can do no more."""
        delivery_s = self.settings.delivery_s
        with self._producing:
            if self._closed:
                raise LogError("the log is closed")
            if self._flight.doubtful:
                with kafka_says("connecting", self.settings):
                    let_in(self._config, self.settings)
                self._flight.doubtful = False
            if self._producer is None:
                with kafka_says("connecting", self.settings):
                    self._producer = KafkaProducer(
                        **let_in(self._config, self.settings)
                        | {"request_timeout_ms": int(min(30.0, delivery_s / 2) * 1000)},
                        acks="all",
                        enable_idempotence=True,
                        allow_auto_create_topics=False,
                        compression_type=None
                        if self.settings.compression == "none"
                        else self.settings.compression,
                        linger_ms=self.settings.linger_ms,
                        batch_size=self.settings.batch_bytes,
                        max_request_size=max(_REQUEST_BYTES, self.record_bytes + 2 * _SLACK),
                        delivery_timeout_ms=int(delivery_s * 1000),
                        max_block_ms=int(min(_BLOCK_S, delivery_s) * 1000),
                        metrics_enabled=False,
                    )
            return self._producer

    def _spoil(self, producer: KafkaProducer) -> None:
        """After an error that was no delay, an idempotent producer may refuse everything."""
        with self._producing:
            if self._producer is not producer:  # told before
                return
            self._producer = None
        # Not here: this is the producer's own thread, mostly.
        threading.Thread(target=close_quietly, args=(producer,), daemon=True).start()

    def reader(self, group: str, topics: Collection[str], *, member: str = "") -> KafkaReader:
        return KafkaReader(self.settings, self._config, group, topics, member)

    def follow(self, topic: str) -> KafkaFollower:
        return KafkaFollower(self.settings, self._config, topic)

    def lag(self, group: str = "") -> dict[tuple[str, Partition], int]:
        """Of crawl and consume always: all that is there where they never came.

        A worker asks for its own group, since it may not see the topics of others.
        """
        groups = (group,) if group else GROUPS
        return self._ask(lambda admin, consumer: self._lag(admin, consumer, groups))

    def _lag(
        self, admin: Any, consumer: Any, groups: Collection[str]
    ) -> dict[tuple[str, Partition], int]:
        found: dict[tuple[str, Partition], int] = {}
        for name, topic in ((CRAWL, REQUESTS), (CONSUME, PAGES)):
            if name in groups:
                starts = consumer.beginning_offsets(self._partitions(consumer, topic))
                found.update({(name, self.names.ours(p)): at for p, at in starts.items()})
        for name in groups:
            for partition, committed in self._offsets(admin, name).items():
                found[name, self.names.ours(partition)] = committed.offset
        ends = consumer.end_offsets([self.names.theirs(p) for _, p in found])
        at = {self.names.ours(p): offset for p, offset in ends.items()}
        return {(name, p): max(0, at[p] - offset) for (name, p), offset in found.items()}

    def _offsets(self, admin: Any, group: str) -> dict[Any, Any]:
        """Of a new cluster the first question makes the brokers' own topic, which takes seconds."""
        name = self.names.group(group)
        until = time.monotonic() + _COORDINATOR_S
        while True:
            try:
                found = admin.list_group_offsets(name).get(name, {})
            except kafka_errors.GroupIdNotFoundError:
                return {}
            except (
                kafka_errors.CoordinatorNotAvailableError,
                kafka_errors.CoordinatorLoadInProgressError,
            ):
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)
                continue
            return {partition: at for partition, at in found.items() if at.offset >= 0}

    def places(self, group: str, topics: Collection[str]) -> dict[Partition, Place]:
        return self._ask(lambda admin, consumer: self._places(admin, consumer, group, topics))

    def _places(
        self, admin: Any, consumer: Any, group: str, topics: Collection[str]
    ) -> dict[Partition, Place]:
        partitions = [p for topic in topics for p in self._partitions(consumer, topic)]
        starts, ends = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
        at = self._offsets(admin, group)
        committed = {p: Committed(at[p].offset, at[p].metadata or "") for p in at}
        return {self.names.ours(p): Place(starts[p], ends[p], committed.get(p)) for p in partitions}

    def taken_after(self, topic: str, timestamp_ms: int) -> int | None:
        """The latest time, ms since 1970, of records taken then or later; None where none was."""
        found = self._ask(
            lambda _, consumer: consumer.offsets_for_times(
                dict.fromkeys(self._partitions(consumer, topic), timestamp_ms)
            )
        )
        return max((at.timestamp for at in found.values() if at is not None), default=None)

    def _ask(self, question: Callable[[Any, Any], Answer]) -> Answer:
        """Of clients that are kept, since a planner asks every second.

        But not after an error: kafka-python's admin never forgets which broker keeps a group, and
        would ask for ever one that is gone.
        """
        with kafka_says("asking for offsets", self.settings, "DESCRIBE"), self._asking:
            try:
                return question(*self._clients())
            except kafka_errors.KafkaError as error:
                self._forget_clients()
                if not error.retriable:
                    raise
            return question(*self._clients())

    def _clients(self) -> tuple[Any, Any]:
        if self._kept is None:
            admin = opened(KafkaAdminClient, **let_in(self._config, self.settings))
            try:
                self._kept = (admin, self._consumer())
            except BaseException:
                admin.close()
                raise
        return self._kept

    def _forget_clients(self) -> None:
        for client in self._kept or ():
            client.close()
        self._kept = None

    def count(self, topic: str) -> int:
        return self._ask(lambda _, consumer: self._count(consumer, topic))

    def _count(self, consumer: Any, topic: str) -> int:
        partitions = self._partitions(consumer, topic)
        starts = consumer.beginning_offsets(partitions)
        ends = consumer.end_offsets(partitions)
        return sum(ends[p] - starts[p] for p in partitions)

    def read_all(self, topic: str) -> Iterator[Record]:
        with self._looking() as consumer:
            partitions = self._partitions(consumer, topic, "READ")
            consumer.assign(partitions)
            starts, ends = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
            for partition in partitions:
                consumer.seek(partition, starts[partition])
            left = {p for p in partitions if starts[p] < ends[p]}
            while left:
                for partition, records in consumer.poll(timeout_ms=1000).items():
                    for record in records:
                        if record.offset < ends[partition]:
                            yield record_of(self.names.ours(partition), record)
                left = {p for p in left if consumer.position(p) < ends[p]}

    def _partitions(self, consumer: Any, topic: str, right: str = "DESCRIBE") -> list[Any]:
        numbers = consumer.partitions_for_topic(self.names.topic(topic))
        if not numbers:
            raise no_topic(self.names.topic(topic), self.settings, right)
        return [self.names.theirs(Partition(topic, number)) for number in sorted(numbers)]

    @contextmanager
    def _looking(self) -> Iterator[Any]:
        """A consumer outside of any group."""
        with kafka_says("reading", self.settings):
            consumer = self._consumer()
            try:
                yield consumer
            finally:
                consumer.close()

    def _consumer(self) -> Any:
        return outside(self._config, self.settings)

    def close(self) -> None:
        """What was appended and not acknowledged has some seconds left; nobody counts on it."""
        with self._producing:
            producer, self._producer = self._producer, None
            self._closed = True
        self._flight.close()
        if producer is not None:
            close_quietly(producer)
        # Brokers that are away hold it for 40 s: its clients are left to the end of the process.
        if self._asking.acquire(timeout=_LEAVE_S):
            try:
                self._forget_clients()
            finally:
                self._asking.release()


def _size(message: Message) -> int:
    headers = sum(len(name) + len(value) for name, value in message.headers)
    return len(message.key) + len(message.value) + headers + _RECORD_COST
