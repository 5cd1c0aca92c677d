"""Offsets in any number, as runs of neighbours, and as text that travels in a commit's metadata.

Of 30,000 neighbours it takes as much room as of one. A bitmap (settled.py) holds more of those that
lie scattered, but none farther than some 25,000 from the first: whichever has room is written.
"""

from __future__ import annotations

import base64
import zlib
from bisect import bisect_right
from collections.abc import Iterator

from pipeline.log.settled import MAX_METADATA, pack, reach, unpack

_MARK = "/"  # no digit of base 85: who knows bitmaps alone reads nothing
_LONGEST = 1 << 20  # bytes of runs before compression


class Runs:
    """A set of offsets. Memory by runs, not by offsets."""

    def __init__(self) -> None:
        self._starts: list[int] = []  # sorted
        self._ends: list[int] = []  # the first that is not in it; before the next start

    def __contains__(self, offset: int) -> bool:
        place = bisect_right(self._starts, offset)
        return place > 0 and offset < self._ends[place - 1]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Each run as its first offset and the first after it."""
        return zip(self._starts, self._ends, strict=True)

    def __len__(self) -> int:
        return sum(end - start for start, end in self)

    def add(self, offset: int) -> None:
        place = bisect_right(self._starts, offset)
        if place and offset < self._ends[place - 1]:
            return
        after = place < len(self._starts) and self._starts[place] == offset + 1
        if place and self._ends[place - 1] == offset:
            self._ends[place - 1] = self._ends[place] if after else offset + 1
            if after:
                del self._starts[place], self._ends[place]
        elif after:
            self._starts[place] = offset
        else:
            self._starts.insert(place, offset)
            self._ends.insert(place, offset + 1)

    def copy(self) -> Runs:
        other = Runs()
        other._starts, other._ends = self._starts.copy(), self._ends.copy()
        return other

    def pass_over(self, low: int) -> int:
        """The first offset from `low` on that is not in it; what is below is forgotten."""
        while self._starts and self._starts[0] <= low:
            low = max(low, self._ends[0])
            del self._starts[0], self._ends[0]
        return low

    def pack(self, low: int) -> str | None:
        """None where there is no room for all of it. All of it is `low` or more."""
        if not self._ends or self._ends[-1] - low <= reach():
            return pack(low, [offset for run in self for offset in range(*run)])
        at, numbers = low, bytearray()
        for start, end in self:
            numbers += _number(start - at) + _number(end - start)
            at = end
        text = _MARK + base64.b85encode(zlib.compress(bytes(numbers), 9)).decode()
        return text if len(text) <= MAX_METADATA and len(numbers) <= _LONGEST else None


def read_runs(low: int, metadata: str) -> Runs:
    """Nothing where the metadata can't be read: then its letters wait again."""
    found = Runs()
    if not metadata.startswith(_MARK):
        for offset in sorted(unpack(low, metadata)):
            found.add(offset)
        return found
    try:
        packed = base64.b85decode(metadata.removeprefix(_MARK))
        numbers = list(_numbers(zlib.decompressobj().decompress(packed, _LONGEST)))
    except (ValueError, zlib.error):
        return found
    for gap, length in zip(numbers[::2], numbers[1::2], strict=False):
        found._starts.append(low + gap)
        found._ends.append(low := low + gap + length)
    return found


def _number(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _numbers(data: bytes) -> Iterator[int]:
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield value
            value = shift = 0
