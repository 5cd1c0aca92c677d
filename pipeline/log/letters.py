"""Dead letters that wait for a person: read, replayed to where they came from, or dropped.

What was replayed or dropped is committed by a group of their own, so that the letters themselves
stay in the log until its retention ends, and nothing is replayed twice by accident.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pipeline.errors import LogBusy, OffsetLost, PoisonRecord
from pipeline.log import (
    CARE,
    DEAD_PAGES,
    DEAD_REQUESTS,
    PAGES,
    REQUESTS,
    Committed,
    Headers,
    Log,
    Message,
    Partition,
    Record,
)
from pipeline.log.settled import pack, unpack

TOPICS = (DEAD_PAGES, DEAD_REQUESTS)
_OURS = frozenset({"topic", "partition", "offset", "timestamp_ms", "reason", "detail"})
_JOIN_S = 60.0
_BATCH = 500


class Letter(NamedTuple):
    """`origin`: topic[partition]@offset that it was read from."""

    record: Record
    origin_topic: str
    origin: str
    reason: str
    detail: str

    @property
    def id(self) -> str:
        return f"{self.record.partition}@{self.record.offset}"


class Letters:
    """Those that nobody has replayed or dropped. One process at a time. Raises LogError."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self._reader = log.reader(CARE, TOPICS)
        try:
            self._settled = self._join()
        except BaseException:
            self._reader.close()
            raise

    def _join(self) -> dict[Partition, set[int]]:
        """All partitions, or another process is at it."""
        until = time.monotonic() + _JOIN_S
        while time.monotonic() < until:
            try:
                self._reader.poll(timeout_s=0.1, max_records=0)
            except OffsetLost as lost:
                self._pass_over(lost)
            mine = self._reader.assigned()
            if mine and mine == {p for p in mine if self._reader.committed(p) is not None}:
                self._low = {p: self._reader.committed(p) or Committed(0) for p in mine}
                return {p: unpack(at.offset, at.metadata) for p, at in self._low.items()}
        raise LogBusy("another `backlinks admin deadletters` holds the letters; wait for it")

    def _pass_over(self, lost: OffsetLost) -> None:
        """Retention has ended for letters that nobody looked at."""
        self._reader.commit({Partition(lost.topic, lost.partition): Committed(lost.start)})
        self._reader.close()
        self._reader = self.log.reader(CARE, TOPICS)

    def waiting(self) -> Iterator[Letter]:
        """Oldest first within a partition."""
        for topic in TOPICS:
            for record in self.log.read_all(topic):
                if self._waits(record.partition, record.offset):
                    yield letter(record)

    def _waits(self, partition: Partition, offset: int) -> bool:
        if partition not in self._low:
            raise LogBusy("another `backlinks admin deadletters` holds some letters; wait for it")
        return offset >= self._low[partition].offset and offset not in self._settled[partition]

    def replay(self, letters: Iterable[Letter]) -> int:
        """Back to where they came from, as they were; how many. Settled once they are there."""
        count = 0
        for batch in _batches(letters):
            for topic in sorted({found.origin_topic for found in batch}):
                messages = [_again(found) for found in batch if found.origin_topic == topic]
                self.log.append(topic, messages).result()
            self.drop(batch)
            count += len(batch)
        return count

    def drop(self, letters: Iterable[Letter]) -> int:
        """Nobody is asked about them again; how many."""
        found = list(letters)
        for each in found:
            self._settled[each.record.partition].add(each.record.offset)
        if found:
            self._commit({each.record.partition for each in found})
        return len(found)

    def _commit(self, partitions: set[Partition]) -> None:
        ends = self._reader.end_offsets(partitions)
        commits = {}
        for partition in partitions:
            low, settled = self._low[partition].offset, self._settled[partition]
            while low in settled and low < ends[partition]:
                low += 1
            self._settled[partition] = {offset for offset in settled if offset >= low}
            commits[partition] = Committed(low, pack(low, self._settled[partition]))
        self._reader.poll(timeout_s=0, max_records=0)
        self._reader.commit(commits)
        self._low.update(commits)

    def close(self) -> None:
        self._reader.close()


def headers(record: Record, poison: PoisonRecord) -> Headers:
    """Of the dead letter that `record` becomes."""
    ours = {
        "topic": record.partition.topic,
        "partition": str(record.partition.number),
        "offset": str(record.offset),
        "timestamp_ms": str(record.timestamp_ms),
        "reason": poison.reason,
        "detail": poison.detail,
    }
    assert ours.keys() == _OURS
    encoded = ((name, text.encode("utf-8", "replace")) for name, text in ours.items())
    return (*record.headers, *encoded)  # ours last, so that they win by name


def letter(record: Record) -> Letter:
    """The last header of a name is the one that we wrote."""
    told = {name: value.decode("utf-8", "replace") for name, value in record.headers}
    topic = told.get("topic", "")
    if topic not in (PAGES, REQUESTS):
        topic = record.partition.topic.removesuffix(".dead")
    origin = f"{topic}[{told.get('partition', '?')}]@{told.get('offset', '?')}"
    return Letter(record, topic, origin, told.get("reason", "?"), told.get("detail", ""))


def _again(found: Letter) -> Message:
    kept = tuple(pair for pair in found.record.headers if pair[0] not in _OURS)
    return Message(found.record.key, found.record.value or b"", kept)


def _batches(letters: Iterable[Letter]) -> Iterator[list[Letter]]:
    batch: list[Letter] = []
    for found in letters:
        batch.append(found)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
