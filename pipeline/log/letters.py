"""Dead letters that wait for a person: read, replayed to where they came from, or dropped.

What was replayed or dropped is committed by a group of their own, so that the letters themselves
stay in the log until its retention ends, and nothing is replayed twice by accident.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
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
from pipeline.log.runs import Runs, read_runs

TOPICS = (DEAD_PAGES, DEAD_REQUESTS)
_OURS = frozenset({"topic", "partition", "offset", "timestamp_ms", "reason", "detail"})
_JOIN_S = 60.0
_BATCH = 500
_BATCH_BYTES = 16 << 20


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
    """Those that nobody has replayed or dropped. One process at a time. Raises LogError.

    no_room: letters that were to be replayed or dropped and wait as before, by partition, since
    their commit's metadata has no room for more while older ones wait.
    """

    def __init__(self, log: Log) -> None:
        self.log = log
        self.no_room: Counter[Partition] = Counter()
        self._reader = log.reader(CARE, TOPICS)
        try:
            self._settled = self._join()
        except BaseException:
            self._reader.close()
            raise

    def _join(self) -> dict[Partition, _Settled]:
        """All partitions, or another process is at it."""
        until = time.monotonic() + _JOIN_S
        while time.monotonic() < until:
            try:
                self._reader.poll(timeout_s=0.1, max_records=0)
            except OffsetLost as lost:
                self._pass_over(lost)
            mine = self._reader.assigned()
            found = {p: self._reader.committed(p) for p in mine}
            if found and None not in found.values():
                return {p: _settled_in(at) for p, at in found.items() if at is not None}
        raise LogBusy("another `backlinks admin deadletters` holds the letters; wait for it")

    def _pass_over(self, lost: OffsetLost) -> None:
        """Retention has ended for letters that nobody looked at."""
        partition = Partition(lost.topic, lost.partition)
        settled = _settled_in(self._reader.committed(partition) or Committed(0)).above
        low = settled.pass_over(lost.start)
        self._reader.commit({partition: Committed(low, settled.pack(low) or "")})
        self._reader.close()
        self._reader = self.log.reader(CARE, TOPICS)

    def waiting(self) -> Generator[Letter, None, None]:
        """Oldest first within a partition. Those may be replayed or dropped while more are read."""
        for topic in TOPICS:
            for record in self.log.read_all(topic):
                if record.partition not in self._settled:
                    raise LogBusy(
                        "another `backlinks admin deadletters` holds some letters; wait for it"
                    )
                if self._settled[record.partition].waits(record.offset):
                    yield letter(record)

    def oldest(self, partition: Partition) -> str:
        """The id of the letter from which on the others are noted."""
        return f"{partition}@{self._settled[partition].committed.offset}"

    def replay(self, letters: Iterable[Letter]) -> int:
        """Back to where they came from, as they were; how many. Settled once they are there."""
        return sum(self._settle(batch, self._send) for batch in _batches(letters))

    def drop(self, letters: Iterable[Letter]) -> int:
        """Nobody is asked about them again; how many."""
        return sum(self._settle(batch, lambda _: None) for batch in _batches(letters))

    def _send(self, letters: list[Letter]) -> None:
        for topic in sorted({found.origin_topic for found in letters}):
            messages = [_again(found) for found in letters if found.origin_topic == topic]
            self.log.append(topic, messages).result()

    def _settle(self, batch: list[Letter], first: Callable[[list[Letter]], None]) -> int:
        """How many found room; `first` is done with those, and then they are committed."""
        offsets: dict[Partition, list[int]] = {}
        for found in batch:
            tried = offsets.setdefault(found.record.partition, [])
            if not self.no_room[found.record.partition]:  # else it is full, or almost
                tried.append(found.record.offset)
        after = {p: self._settled[p].with_room_for(sorted(them)) for p, them in offsets.items()}
        settled = []
        for found in batch:
            partition, offset = found.record.partition, found.record.offset
            if after[partition].waits(offset):
                self.no_room[partition] += 1
            else:
                settled.append(found)
        first(settled)
        self._reader.poll(timeout_s=0, max_records=0)
        self._reader.commit({partition: at.committed for partition, at in after.items()})
        self._settled.update(after)
        return len(settled)

    def close(self) -> None:
        self._reader.close()


class _Settled(NamedTuple):
    """What is settled of a partition: all below what is committed, and these above it."""

    committed: Committed
    above: Runs

    def waits(self, offset: int) -> bool:
        return offset >= self.committed.offset and offset not in self.above

    def with_room_for(self, offsets: list[int]) -> _Settled:
        """With the first of them settled too: as many as the metadata has room for."""
        found = self._and(offsets)
        least, most = 0, len(offsets) - 1
        while found is None and least < most:
            half = (least + most + 1) // 2
            if self._and(offsets[:half]) is None:
                most = half - 1
            else:
                least = half
        return found or self._and(offsets[:least]) or self

    def _and(self, offsets: list[int]) -> _Settled | None:
        settled = self.above.copy()
        for offset in offsets:
            settled.add(offset)
        low = settled.pass_over(self.committed.offset)
        metadata = settled.pack(low)
        return None if metadata is None else _Settled(Committed(low, metadata), settled)


def _settled_in(committed: Committed) -> _Settled:
    return _Settled(committed, read_runs(committed.offset, committed.metadata))


def count_waiting(log: Log) -> int:
    """How many there are for `admin deadletters`, without reading or joining anything."""
    count = 0
    for place in log.places(CARE, TOPICS).values():
        at = place.committed or Committed(0)
        low = max(place.start, at.offset)
        above = read_runs(at.offset, at.metadata)
        settled = sum(max(0, end - max(start, low)) for start, end in above)
        count += max(0, place.end - low - settled)
    return count


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
    """Of bounded size, since a letter has its whole record."""
    batch: list[Letter] = []
    size = 0
    for found in letters:
        batch.append(found)
        size += len(found.record.value or b"")
        if len(batch) == _BATCH or size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
