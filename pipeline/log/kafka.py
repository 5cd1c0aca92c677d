"""The log in a cluster: Kafka, by kafka-python.

Written with acks=all by an idempotent producer; a record's time is the broker's (topics are made
with LogAppendTime). The library bounds nothing that is sent and not acknowledged, so this does.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka import errors as kafka_errors

from pipeline.errors import LogBusy, LogError, LogRefused
from pipeline.log import CONSUME, CRAWL, GROUPS, PAGES, REQUESTS, Message, Partition, Record
from pipeline.log.kafka_client import Names, connection, kafka_says, let_in, no_topic, translate
from pipeline.log.kafka_reader import KafkaReader, record_of
from pipeline.settings import KafkaSettings

logger = logging.getLogger(__name__)

_REQUEST_BYTES = 8 << 20  # of all partitions in one request; a broker takes 100 MB by default
_BLOCK_S = 15.0  # for a topic's partitions; who sends waits as long
_CLOSE_S = 10.0
_COORDINATOR_S = 20.0
_SLACK = 64 << 10  # a record's key, headers and framing beside its value
_RECORD_COST = 200  # bytes that a record takes in the library beside its own


class KafkaLog:
    """See `Log`. Raises LogBusy where no broker answers, LogRefused where they won't have us."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings = settings
        self.record_bytes = settings.record_bytes
        self.names = Names(settings.prefix)
        self._config = connection(settings)
        self._room = threading.Condition()
        self._in_flight = 0
        self._producer: KafkaProducer | None = None
        self._producing = threading.Lock()
        self._doubtful = False  # whether the brokers still let us in
        self._closed = False
        self._asking = threading.Lock()
        self._kept: tuple[Any, Any] | None = None

    @property
    def in_flight(self) -> int:
        """Bytes sent and not acknowledged."""
        return self._in_flight

    def append(self, topic: str, messages: Sequence[Message]) -> Future[list[int]]:
        done: Future[list[int]] = Future()
        if not messages:
            done.set_result([])
            return done
        size = sum(map(_size, messages))
        try:
            self._too_large(topic, messages)
            producer = self._open_producer()
            self._take_room(size)
        except LogError as error:
            done.set_exception(error)
            return done
        pending = _Pending(self, topic, len(messages), size, done)
        for place, message in enumerate(messages):
            try:
                sent = producer.send(
                    self.names.topic(topic),
                    key=message.key,
                    value=message.value,
                    headers=list(message.headers),
                )
            except (kafka_errors.KafkaError, ValueError, AssertionError) as error:
                pending.failed(error)
                continue
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

    def _take_room(self, size: int) -> None:
        until = time.monotonic() + self.settings.delivery_s
        with self._room:
            while self._in_flight and self._in_flight + size > self.settings.in_flight_bytes:
                left = until - time.monotonic()
                if self._closed:
                    raise LogError("the log is closed")
                if left <= 0 or not self._room.wait(left):
                    raise LogBusy(
                        f"{self._in_flight:,} bytes wait for the brokers' acknowledgement since "
                        f"{self.settings.delivery_s:.0f} s; nothing more is sent"
                    )
            self._in_flight += size

    def give_room(self, size: int) -> None:
        """What was sent came to an end, well or not."""
        with self._room:
            self._in_flight -= size
            self._room.notify_all()

    def _open_producer(self) -> KafkaProducer:
        """Made when first needed, and anew once the old one can do no more."""
        delivery_s = self.settings.delivery_s
        with self._producing:
            if self._closed:
                raise LogError("the log is closed")
            if self._doubtful:
                with kafka_says("connecting", self.settings):
                    let_in(self._config, self.settings)
                self._doubtful = False
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

    def doubt(self) -> None:
        """What was sent was not taken in time: before the next, the brokers are asked why."""
        self._doubtful = True

    def spoil(self) -> None:
        """After an error that was no delay, an idempotent producer may refuse everything."""
        with self._producing:
            producer, self._producer = self._producer, None
        if producer is not None:  # not here: this is the producer's own thread
            threading.Thread(target=_close_quietly, args=(producer,), daemon=True).start()

    def reader(self, group: str, topics: Collection[str], *, member: str = "") -> KafkaReader:
        return KafkaReader(self.settings, self._config, group, topics, member)

    def lag(self, group: str = "") -> dict[tuple[str, Partition], int]:
        """Of crawl and consume always: all that is there where they never came.

        A worker asks for its own group, since it may not see the topics of others.
        """
        groups = (group,) if group else GROUPS
        with kafka_says("asking for offsets", self.settings, "DESCRIBE"), self._asking:
            admin, consumer = self._clients()
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
                kafka_errors.NotCoordinatorError,
            ):
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)
                continue
            return {partition: at for partition, at in found.items() if at.offset >= 0}

    def _clients(self) -> tuple[Any, Any]:
        """Kept, since a planner asks every second. Under `_asking`."""
        if self._kept is None:
            admin = KafkaAdminClient(**let_in(self._config, self.settings))
            self._kept = (admin, self._consumer())
        return self._kept

    def count(self, topic: str) -> int:
        with kafka_says("asking for offsets", self.settings, "DESCRIBE"), self._asking:
            _, consumer = self._clients()
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
        return KafkaConsumer(
            **let_in(self._config, self.settings),
            enable_auto_commit=False,
            auto_offset_reset="none",
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )

    def close(self) -> None:
        """What was appended and not acknowledged has some seconds left; nobody counts on it."""
        with self._producing:
            producer, self._producer = self._producer, None
            self._closed = True
        with self._room:
            self._room.notify_all()
        if producer is not None:
            _close_quietly(producer)
        with self._asking:
            for client in self._kept or ():
                client.close()
            self._kept = None


class _Pending:
    """One append: its future is told when the last of its records is. On the library's thread."""

    def __init__(
        self, log: KafkaLog, topic: str, count: int, size: int, done: Future[list[int]]
    ) -> None:
        self.log, self.topic, self.size, self.done = log, topic, size, done
        self._offsets = [-1] * count
        self._left = count
        self._error: BaseException | None = None
        self._lock = threading.Lock()

    def acknowledged(self, place: int, metadata: Any) -> None:
        self._offsets[place] = metadata.offset
        self._one_less()

    def failed(self, error: BaseException) -> None:
        self._error = error
        self._one_less()

    def _one_less(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left:
                return
        self.log.give_room(self.size)
        if self._error is None:
            self.done.set_result(self._offsets)
            return
        if getattr(self._error, "retriable", False):
            self.log.doubt()
        else:
            self.log.spoil()
        error = translate(self._error, f"publishing to {self.topic}", self.log.settings, "WRITE")
        error.__cause__ = self._error
        self.done.set_exception(error)


def _size(message: Message) -> int:
    headers = sum(len(name) + len(value) for name, value in message.headers)
    return len(message.key) + len(message.value) + headers + _RECORD_COST


def _close_quietly(producer: KafkaProducer) -> None:
    try:
        producer.close(timeout=_CLOSE_S)
    except (kafka_errors.KafkaError, OSError, ValueError) as error:
        logger.info("a producer that failed did not close: %s", error)
