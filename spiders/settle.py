"""Which requests are settled, and so which offsets may be committed.

Requests of a partition end in any order. What is committed is the lowest that is not settled; the
settled ones above it travel in the commit's metadata, so that a restart does not fetch them again.
"""

from __future__ import annotations

import base64
from collections.abc import Collection

from pipeline.log import Committed, Partition

MAX_METADATA = 4_000  # characters; Kafka's default limit is 4,096 bytes


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


def pack(low: int, settled: Collection[int]) -> str:
    """A bitmap of the settled offsets above `low`; the farthest are left out if it grows long."""
    limit = MAX_METADATA * 4 // 5 * 8 - 8
    bits = 0
    for offset in settled:
        if 0 <= offset - low < limit:
            bits |= 1 << (offset - low)
    return base64.b85encode(bits.to_bytes((bits.bit_length() + 7) // 8, "little")).decode()


def unpack(low: int, metadata: str) -> set[int]:
    """Nothing where the metadata can't be read: then it is fetched again."""
    try:
        bits = int.from_bytes(base64.b85decode(metadata), "little")
    except ValueError:
        return set()
    return {low + i for i in range(bits.bit_length()) if bits >> i & 1}
