"""Slices of the frontier: a plan reads some of its buckets in turn, never all of a large one.

Planners of one cluster share the buckets as members of the group `plan`: its partitions are those
of the topic `requests`, of which they read nothing. Eight buckets stand together, since one alone
is less than the store reads at once: those from 8 n on belong to whoever has partition n, counted
around.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.log import PLAN, REQUESTS, Log, Partition
from pipeline.store import Store, rows, sql

BUCKETS = 1024  # cityHash64(domain) % 1024, as the schema has it
TOGETHER = 8
SLICE = 155_000  # URLs; what the store tells of in 0.15 s


class Share:
    """This planner's buckets. Used by one thread; whoever doesn't `poll` for long loses them."""

    def __init__(self, log: Log, member: str = "") -> None:
        self.log = log
        self.reader = log.reader(PLAN, [REQUESTS], member=member)

    def poll(self) -> None:
        """Stays in the group, and gives up what is another's now: only ever between two plans."""
        self.reader.poll(timeout_s=0, max_records=0)
        self.reader.revoked()
        self.reader.pause(self.reader.assigned())

    def buckets(self) -> list[int]:
        self.poll()
        partitions = len(self.log.places(PLAN, [REQUESTS]))
        mine = {partition.number for partition in self.reader.assigned()}
        return [b for b in range(BUCKETS) if b // TOGETHER % partitions in mine]

    def is_first(self) -> bool:
        """One planner of many is: it does what is to be done once."""
        return Partition(REQUESTS, 0) in self.reader.assigned()

    def close(self) -> None:
        self.reader.close()


def known_urls(store: Store) -> int:
    """Rows of the whole frontier, those not merged yet counted as often as they are there."""
    return int(rows(store.query(sql("pipeline/frontier/known")))[0]["urls"])


def slices(buckets: list[int], known: int, first: int = 0) -> Iterator[list[int]]:
    """These buckets in slices, from the bucket `first` on and around; `known`: rows of the whole.

    Few URLs make one slice, many up to 1,024. A slice is of about `SLICE` URLs or less, but where
    one domain alone has more.
    """
    size = BUCKETS
    while size > 1 and known * size // BUCKETS > SLICE:
        size //= 2
    ordered = sorted(buckets, key=lambda bucket: (bucket - first) % BUCKETS)
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]
