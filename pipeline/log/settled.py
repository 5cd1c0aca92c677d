"""Offsets settled above the committed one, as text that travels in the commit's metadata."""

from __future__ import annotations

import base64
from collections.abc import Collection

from pipeline.log import Log

MAX_METADATA = 4_000  # characters; Kafka's default limit is 4,096 bytes


def reach() -> int:
    """How far above the committed offset a bitmap goes."""
    return MAX_METADATA * 4 // 5 * 8 - 8


def pack(low: int, settled: Collection[int]) -> str:
    """A bitmap of the settled offsets above `low`; those out of its reach are left out."""
    limit, bits = reach(), 0
    for offset in settled:
        if 0 <= offset - low < limit:
            bits |= 1 << (offset - low)
    return base64.b85encode(bits.to_bytes((bits.bit_length() + 7) // 8, "little")).decode()


def unpack(low: int, metadata: str) -> set[int]:
    """Nothing where the metadata can't be read: then it is fetched again."""
    bits = _bits(metadata)
    return {low + i for i in range(bits.bit_length()) if bits >> i & 1}


def _bits(metadata: str) -> int:
    try:
        return int.from_bytes(base64.b85decode(metadata), "little")
    except ValueError:
        return 0


def unsettled(log: Log, group: str, topic: str) -> int:
    """Records of a topic that a group has yet to settle.

    The lag counts from the lowest one, which a slow host may hold for minutes while thousands
    above it are settled: whoever took it for what waits would leave spiders idle.
    """
    waiting = 0
    for place in log.places(group, [topic]).values():
        low = place.start
        if place.committed is not None and place.committed.offset >= place.start:
            low = place.committed.offset
            waiting -= _bits(place.committed.metadata).bit_count()
        waiting += place.end - low
    return max(0, waiting)
