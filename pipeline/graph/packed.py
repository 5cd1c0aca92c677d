"""A graph whose links are packed: for when memory is short.

Memory: 2 to 3 bytes a link and direction for who stands there, 1 to 4 for its weight where links
weigh differently, and 16 a domain and direction; plain ones take 4 and 8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from pipeline.graph.links import (
    BEFORE_ALL,
    LOW,
    ONE,
    SEVEN,
    Bytes,
    Floats,
    Offsets,
    Packed,
    Starts,
    UnsignedIds,
    unpacked_ids,
)

LONGEST = 5  # bytes of a gap: 35 bits


@dataclass(frozen=True, eq=False)
class PackedGraph:
    """See `links.Graph`."""

    n: int
    names: Any
    out_links: Packed
    in_links: Packed

    @property
    def m(self) -> int:
        return int(self.out_links.offsets[-1])

    @property
    def out_degree(self) -> Offsets:
        degree: Offsets = np.diff(self.out_links.offsets).astype(np.int64)
        return degree

    @property
    def in_degree(self) -> Offsets:
        degree: Offsets = np.diff(self.in_links.offsets).astype(np.int64)
        return degree

    # What stands in plain arrays in a DomainGraph is unpacked anew each time it is asked for.

    @property
    def out_offsets(self) -> Offsets:
        return self.out_links.offsets.view(np.int64)

    @property
    def in_offsets(self) -> Offsets:
        return self.in_links.offsets.view(np.int64)

    @property
    def out_targets(self) -> npt.NDArray[np.int32]:
        found: npt.NDArray[np.int32] = unpacked_ids(self.out_links)
        return found

    @property
    def in_sources(self) -> npt.NDArray[np.int32]:
        found: npt.NDArray[np.int32] = unpacked_ids(self.in_links)
        return found

    @property
    def out_weights(self) -> Floats | None:
        return _weights(self.out_links)

    @property
    def in_weights(self) -> Floats | None:
        return _weights(self.in_links)

    def turned(self) -> PackedGraph:
        return PackedGraph(self.n, self.names, self.in_links, self.out_links)


def _weights(links: Packed) -> Floats | None:
    return links.values[links.codes] if links.codes.size else None


class Packing:
    """Rows packed as they come, in the order of their domains.

    values: float64[...], all weights that there are, ascending; None where links weigh the same.
    """

    def __init__(self, n: int, values: Floats | None) -> None:
        self._offsets, self._places = np.zeros(n + 1, np.uint64), np.zeros(n + 1, np.uint64)
        self._values, self._row = values, 0
        self._gaps: list[Bytes] = []
        self._codes: list[npt.NDArray[Any]] = []

    def add(self, offsets: Offsets, ids: UnsignedIds, weights: Floats | None) -> None:
        """The next rows. offsets: int64[rows + 1], from 0 to len(ids)."""
        rows = slice(self._row + 1, self._row + len(offsets))
        gaps, places = pack(offsets.view(np.uint64), ids)
        self._offsets[rows] = self._offsets[self._row] + offsets[1:].astype(np.uint64)
        self._places[rows] = self._places[self._row] + places[1:]
        self._row += len(offsets) - 1
        self._gaps.append(gaps)
        if weights is not None and self._values is not None:
            code = np.searchsorted(self._values, weights)
            self._codes.append(code.astype(np.min_scalar_type(len(self._values))))

    def links(self) -> Packed:
        codes = _joined(self._codes) if self._codes else np.empty(0, np.uint8)
        values = np.empty(0) if self._values is None else self._values
        return Packed(self._offsets, self._places, _joined(self._gaps), codes, values)


def _joined(pieces: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """One array; each piece is let go once it is copied."""
    if not pieces:
        return np.empty(0, np.uint8)
    whole = np.empty(sum(len(piece) for piece in pieces), pieces[0].dtype)
    end = len(whole)
    while pieces:
        piece = pieces.pop()
        whole[end - len(piece) : end] = piece
        end -= len(piece)
    return whole


def pack(offsets: Starts, ids: UnsignedIds) -> tuple[Bytes, Starts]:
    """The gaps of rows, and where each row begins among them.

    ids: uint32[m], ascending in each row, no two alike.
    """
    gaps = np.empty(LONGEST * len(ids), np.uint8)  # what is not written is not touched
    places, size = _pack(offsets, ids, gaps)
    return gaps[:size].copy(), places


@numba.njit(cache=True, nogil=True)
def _pack(offsets: Starts, ids: UnsignedIds, gaps: Bytes) -> tuple[Starts, int]:
    places, place = np.zeros(offsets.size, np.uint64), np.uint64(0)
    for t in range(offsets.size - 1):
        before = np.uint64(BEFORE_ALL)
        for j in range(offsets[t], offsets[t + 1]):
            gap = np.uint64(np.uint32(np.uint64(ids[j]) - before - ONE))
            before = np.uint64(ids[j])
            while gap > LOW:
                gaps[place] = (gap & LOW) | (LOW + ONE)
                place += ONE
                gap >>= SEVEN
            gaps[place] = gap
            place += ONE
        places[t + 1] = place
    return places, int(place)
