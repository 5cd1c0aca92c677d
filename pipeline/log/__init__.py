"""The log: the durable, partitioned, replayable record of pages and requests.

One protocol for both: SQLite when embedded (sqlite.py), Kafka in a cluster. Delivery is at least
once; what is acknowledged is on disk.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import NamedTuple, Protocol

PAGES = "pages"
REQUESTS = "requests"
DEAD_PAGES = "pages.dead"
DEAD_REQUESTS = "requests.dead"
CONTROL = "control"  # what operators say: the newest record of a key counts
TOPICS = (PAGES, REQUESTS, DEAD_PAGES, DEAD_REQUESTS, CONTROL)

CRAWL, CONSUME, ARCHIVE, CARE = GROUPS = ("crawl", "consume", "archive", "deadletters")
PLAN = "plan"  # planners share the frontier's slices; they read no records, so there is no lag

Headers = tuple[tuple[str, bytes], ...]


class Partition(NamedTuple):
    topic: str
    number: int

    def __str__(self) -> str:
        return f"{self.topic}[{self.number}]"


class Message(NamedTuple):
    """What is appended: records with one key keep their order."""

    key: bytes
    value: bytes
    headers: Headers = ()


class Record(NamedTuple):
    """What is read. timestamp_ms: when the log took it, by the log's clock."""

    partition: Partition
    offset: int
    timestamp_ms: int
    key: bytes
    value: bytes
    headers: Headers = ()


class Committed(NamedTuple):
    """The next offset to read, and what the worker wants to know when it starts there."""

    offset: int
    metadata: str = ""


class Place(NamedTuple):
    """A partition that holds `start` to before `end`, and where a group is in it."""

    start: int
    end: int
    committed: Committed | None


class Reader(Protocol):
    """One member of a group. Used by one thread."""

    def poll(self, *, timeout_s: float, max_records: int = 500) -> list[Record]:
        """Records of the partitions that are assigned and not paused; keeps the membership alive.

        Raises OffsetLost where a committed offset is no longer in the log.
        """

    def revoked(self) -> set[Partition]:
        """Partitions lost since the last call. Ask after each poll, forget theirs, then add."""

    def assigned(self) -> set[Partition]:
        """As far as it has heard; from any thread, while a poll lasts too."""

    def committed(self, partition: Partition) -> Committed | None: ...

    def commit(self, offsets: Mapping[Partition, Committed]) -> None:
        """Durable when it returns. Raises NotOwner; then nothing of it is committed."""

    def pause(self, partitions: Collection[Partition]) -> None: ...

    def resume(self, partitions: Collection[Partition]) -> None: ...

    def end_offsets(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """The offset that the next record will get; less what is committed is the lag."""

    def close(self) -> None:
        """Leaves the group, so that others take over at once."""


class Follower(Protocol):
    """All records of a topic, from its beginning on, outside of any group. Used by one thread."""

    def poll(self, *, timeout_s: float) -> list[Record]:
        """What came since the last call; waits for something that long where nothing did.

        The first call has all that was there when it was made, a record that was compacted away
        not. Where the topic was made anew it begins again, so a record may come twice. Raises
        LogBusy: ask again; LogRefused.
        """

    def close(self) -> None:
        """From any thread: a poll that waits returns."""


class Log(Protocol):
    """Shared by the threads of a process. `record_bytes`: of the largest value it takes."""

    record_bytes: int

    @property
    def in_flight(self) -> int:
        """Bytes appended and not acknowledged."""

    def append(self, topic: str, messages: Sequence[Message]) -> Future[list[int]]:
        """The records' offsets once they are durable: all of them or, as LogError, none known."""

    def reader(self, group: str, topics: Collection[str], *, member: str = "") -> Reader:
        """A new group starts at the earliest record. `member`: a name kept over restarts."""

    def follow(self, topic: str) -> Follower:
        """For small topics that every worker reads whole. Raises LogBusy, LogRefused."""

    def lag(self, group: str = "") -> dict[tuple[str, Partition], int]:
        """Records behind, by group and partition: of one group, or of all."""

    def places(self, group: str, topics: Collection[str]) -> dict[Partition, Place]:
        """Of all partitions, asked from outside of the group."""

    def count(self, topic: str) -> int:
        """Records now in a topic."""

    def read_all(self, topic: str) -> Iterator[Record]:
        """What is in a topic now, outside of any group, oldest first within a partition."""

    def close(self) -> None: ...
