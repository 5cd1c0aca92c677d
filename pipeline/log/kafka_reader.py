"""One member of a Kafka consumer group: reads in order, and commits only what it still owns."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from typing import Any

from kafka import KafkaConsumer, OffsetAndMetadata
from kafka import errors as kafka_errors
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.base import MemberState

from pipeline.errors import LogRefused, NotOwner, OffsetLost
from pipeline.log import PLAN, Committed, Partition, Record
from pipeline.log.kafka_client import Names, kafka_says, let_in, no_topic, opened
from pipeline.settings import KafkaSettings

# Between two polls at most: longer than an insert may last (store.timeout_s), or the group would
# give the partitions of a worker that waits for its store to another one, over and over.
_BETWEEN_POLLS_MS = 900_000
_FETCH_BYTES = 16 << 20  # of one answer of a broker; what waits in memory is some of these
_LEAST_MS = 10
# In a rebalance, kafka-python 3.0.12 throws away a join that ends between two polls. It asks again
# only where it still sees a reason to; where not, the member is a ghost for ever: no heartbeat, no
# commit, and yet records. So such a join is taken up here; and while a member is not stable we ask,
# and poll for as long as a join takes: until all members have heard of it by a heartbeat.
_JOIN_MS = 3_000
_HEARTBEAT_MS = 1_000
_COMMIT_MS = 30_000

_NOT_MINE = (
    kafka_errors.CommitFailedError,
    kafka_errors.IllegalGenerationError,
    kafka_errors.UnknownMemberIdError,
    kafka_errors.RebalanceInProgressError,
)


class KafkaReader:
    """See `Reader`. `member`: static membership, where it is given."""

    def __init__(
        self,
        settings: KafkaSettings,
        config: dict[str, Any],
        group: str,
        topics: Collection[str],
        member: str,
    ) -> None:
        self.settings, self.group, self.member = settings, group, member
        self.names = Names(settings.prefix)
        self._noted = _Noted(self.names)
        with kafka_says(f"joining the group {self.names.group(group)}", settings):
            self._consumer = opened(
                KafkaConsumer,
                **let_in(config, settings),
                group_id=self.names.group(group),
                group_instance_id=_instance(member),
                enable_auto_commit=False,
                auto_offset_reset="none",  # a new group is put at the earliest record, by us
                allow_auto_create_topics=False,
                partition_assignment_strategy=[CooperativeStickyAssignor],
                session_timeout_ms=int(settings.session_s * 1000),
                heartbeat_interval_ms=_HEARTBEAT_MS,
                max_poll_interval_ms=_BETWEEN_POLLS_MS,
                fetch_max_bytes=_FETCH_BYTES,
                max_partition_fetch_bytes=max(1 << 20, settings.record_bytes),
                metrics_enabled=False,
            )
            try:
                self._subscribe(topics)
            except BaseException:
                self._consumer.close()
                raise

    def _subscribe(self, topics: Collection[str]) -> None:
        for topic in topics:
            if not self._consumer.partitions_for_topic(self.names.topic(topic)):
                raise no_topic(self.names.topic(topic), self.settings, "READ")
        self._consumer.subscribe([self.names.topic(t) for t in topics], listener=self._noted)

    def poll(self, *, timeout_s: float, max_records: int = 500) -> list[Record]:
        if max_records <= 0:
            return self._only_live()
        with kafka_says("reading", self.settings):
            self._end_join()
            return self._poll(timeout_s, max_records)

    def _poll(self, timeout_s: float, max_records: int) -> list[Record]:
        try:
            found = self._consumer.poll(
                # Whoever is to join waits for the end of that: else it would be thrown away, and a
                # leader that joins twice has everyone rebalanced.
                timeout_ms=max(_LEAST_MS if self._is_stable() else _JOIN_MS, int(timeout_s * 1000)),
                max_records=max_records,
            )
            if not self._is_stable() and not self._end_join():
                self._consumer._coordinator.request_rejoin()
                found = found or self._consumer.poll(timeout_ms=_JOIN_MS, max_records=max_records)
        except kafka_errors.NoOffsetForPartitionError as error:
            self._start_at_earliest(error.args[0])
            return []
        except kafka_errors.OffsetOutOfRangeError as error:
            (partition, offset), *_ = error.args[0].items()
            raise self._lost(partition, offset) from error
        except kafka_errors.FencedInstanceIdError as error:
            raise LogRefused(
                f"another worker of group {self.group} is called {self.member!r} too; "
                "give each a kafka.member of its own"
            ) from error
        except kafka_errors.LogTruncationError as error:
            partition = next(iter(error.divergent_offsets))
            raise self._lost(partition, self._consumer.position(partition)) from error
        return [
            record_of(self.names.ours(partition), record)
            for partition, records in found.items()
            for record in records
        ]

    def _is_stable(self) -> bool:
        return self._consumer.group_metadata().state is MemberState.STABLE

    def _end_join(self) -> bool:
        """Takes up a join that ended since it was last looked for; whether there was one."""
        coordinator = self._consumer._coordinator
        task = coordinator._join_task
        if task is None or not task.succeeded():
            return False
        if coordinator.state is not MemberState.REBALANCING:  # it left the group since
            return False
        coordinator._net.run(_take_up, coordinator, task.value)
        return True

    def _only_live(self) -> list[Record]:
        """A poll for the membership's sake, that takes no record."""
        reading = self._consumer.assignment() - self._consumer.paused()
        self._consumer.pause(*reading)
        try:
            for record in self.poll(timeout_s=0, max_records=1):  # of one assigned just now
                self._consumer.seek(self.names.theirs(record.partition), record.offset)
        finally:
            self._consumer.resume(*(reading & self._consumer.assignment()))
        return []

    def _start_at_earliest(self, partitions: Collection[Any]) -> None:
        """Committed at once: from here on, the group has a place that must not vanish unseen; but
        planners read nothing."""
        starts = self._consumer.beginning_offsets(list(partitions))
        with self._noted.lock:
            mine = {p: at for p, at in starts.items() if self.names.ours(p) in self._noted.owned}
        if self.group != PLAN:
            self._commit({p: OffsetAndMetadata(at, "", -1) for p, at in mine.items()})
        for partition, offset in mine.items():
            self._consumer.seek(partition, offset)

    def _lost(self, partition: Any, offset: int) -> OffsetLost:
        start = self._consumer.beginning_offsets([partition])[partition]
        end = self._consumer.end_offsets([partition])[partition]
        ours = self.names.ours(partition)
        return OffsetLost(ours.topic, ours.number, offset, start, end)

    def revoked(self) -> set[Partition]:
        return self._noted.take_revoked()

    def assigned(self) -> set[Partition]:
        with self._noted.lock:
            return set(self._noted.owned)

    def committed(self, partition: Partition) -> Committed | None:
        with kafka_says("asking for an offset", self.settings):
            found = self._consumer.committed(self.names.theirs(partition), metadata=True)
        return None if found is None else Committed(found.offset, found.metadata or "")

    def commit(self, offsets: Mapping[Partition, Committed]) -> None:
        if not offsets:
            return
        # A partition lost is given to nobody before this member has polled again, so what is
        # ours here is ours still when the brokers read it; who was thrown out is refused by them.
        with self._noted.lock:
            for partition in offsets:
                if partition not in self._noted.owned or partition in self._noted.revoked:
                    raise NotOwner(partition.topic, partition.number)
        theirs = {
            self.names.theirs(partition): OffsetAndMetadata(at.offset, at.metadata, -1)
            for partition, at in offsets.items()
        }
        with kafka_says("committing", self.settings):
            try:
                self._commit(theirs)
            except _NOT_MINE as error:
                partition = next(iter(offsets))
                raise NotOwner(partition.topic, partition.number) from error

    def _commit(self, offsets: dict[Any, Any]) -> None:
        if offsets:
            self._consumer.commit(offsets, timeout_ms=_COMMIT_MS)

    def pause(self, partitions: Collection[Partition]) -> None:
        self._consumer.pause(*self._mine(partitions))

    def resume(self, partitions: Collection[Partition]) -> None:
        self._consumer.resume(*self._mine(partitions))

    def _mine(self, partitions: Collection[Partition]) -> set[Any]:
        mine: set[Any] = self._consumer.assignment()
        return mine.intersection(self.names.theirs(p) for p in partitions)

    def end_offsets(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        with kafka_says("asking for offsets", self.settings):
            found = self._consumer.end_offsets([self.names.theirs(p) for p in partitions])
        return {self.names.ours(partition): offset for partition, offset in found.items()}

    def close(self) -> None:
        with kafka_says("leaving the group", self.settings, ask_again=False):
            self._consumer.close(autocommit=False, timeout_ms=10_000)


async def _take_up(coordinator: Any, assignment: bytes) -> None:
    """What the library does at the end of a join that is still waited for."""
    with coordinator._lock:
        coordinator._join_task = None
        coordinator.rejoining = coordinator.rejoin_needed = False
        coordinator.state = MemberState.STABLE
        coordinator._enable_heartbeat()
    joined = coordinator._generation
    await coordinator._on_join_complete_async(
        joined.generation_id, joined.member_id, joined.protocol, assignment
    )


class _Noted(ConsumerRebalanceListener):
    """What a rebalance did. Called on the library's own thread, where nothing may wait."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.lock = threading.Lock()
        self.owned: set[Partition] = set()
        self.revoked: set[Partition] = set()

    def on_partitions_revoked(self, revoked: Collection[Any]) -> None:
        gone = {self.names.ours(partition) for partition in revoked}
        with self.lock:
            self.owned -= gone
            self.revoked |= gone

    on_partitions_lost = on_partitions_revoked

    def on_partitions_assigned(self, assigned: Collection[Any]) -> None:
        with self.lock:
            self.owned |= {self.names.ours(partition) for partition in assigned}

    def take_revoked(self) -> set[Partition]:
        with self.lock:
            gone, self.revoked = self.revoked, set()
        return gone


def record_of(partition: Partition, record: Any) -> Record:
    """The library's record as ours."""
    return Record(
        partition,
        record.offset,
        record.timestamp,
        record.key if record.key is not None else b"",
        record.value,
        tuple((name, value or b"") for name, value in record.headers or ()),  # null in Kafka
    )


def _instance(member: str) -> str | None:
    """As brokers take them: letters, digits, dot, underscore, hyphen."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in member)
    return kept[:200] or None
