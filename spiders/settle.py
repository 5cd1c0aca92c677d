"""Which requests are settled, and so which offsets may be committed.

Requests of a partition end in any order. What is committed is the lowest that is not settled; the
settled ones above it travel in the commit's metadata, so that a restart does not fetch them again.
"""

from __future__ import annotations

from collections.abc import Collection

from pipeline.log import Committed, Partition
from pipeline.log.settled import pack, unpack


class _Open:
    __slots__ = ("committed", "low", "read", "settled", "taken")

    def __init__(self, low: int, settled: set[int]) -> None:
        self.low = self.read = low  # all below `low` are settled, none from `read` on was seen
        self.settled = settled
        self.taken: set[int] = set()
        self.committed = (low, "")


class Offsets:
    """By partition, from its assignment on. Offsets rise, and may leave some out."""

    def __init__(self) -> None:
        self._open: dict[Partition, _Open] = {}

    def start(self, partition: Partition, committed: Committed | None) -> None:
        low = committed.offset if committed is not None else 0
        metadata = committed.metadata if committed is not None else ""
        self._open[partition] = _Open(low, unpack(low, metadata))

    def knows(self, partition: Partition) -> bool:
        return partition in self._open

    def take(self, partition: Partition, offset: int) -> bool:
        """False where it was settled before a restart."""
        state = self._open[partition]
        if offset < state.low:
            return False
        state.read = max(state.read, offset + 1)
        if offset in state.settled:
            return False
        state.taken.add(offset)
        return True

    def waits(self, partition: Partition, offset: int) -> bool:
        """Taken and not settled, by this owner."""
        return partition in self._open and offset in self._open[partition].taken

    def settle(self, partition: Partition, offset: int) -> None:
        state = self._open.get(partition)
        if state is None or offset not in state.taken:
            return
        state.taken.discard(offset)
        state.settled.add(offset)

    def forget(self, partitions: Collection[Partition]) -> None:
        for partition in partitions:
            self._open.pop(partition, None)

    def commits(self) -> dict[Partition, Committed]:
        """What has changed since the last call."""
        changed = {}
        for partition, state in self._open.items():
            state.low = min(state.taken, default=state.read)
            state.settled = {offset for offset in state.settled if offset >= state.low}
            packed = (state.low, pack(state.low, state.settled))
            if packed != state.committed:
                state.committed = packed
                changed[partition] = Committed(*packed)
        return changed

    def again(self, partitions: Collection[Partition]) -> None:
        """Their last commit did not get through: the next call of `commits` has them again."""
        for partition in partitions:
            if partition in self._open:
                self._open[partition].committed = (-1, "")
