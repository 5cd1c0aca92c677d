"""The links of every domain in one direction, as kernels walk along them: plain, or packed.

A kernel is written once and compiles for both. It walks a row like this:

    place, u = start(links, t)
    for j in range(links.offsets[t], links.offsets[t + 1]):
        u, place = following(links, j, place, u)

and meets the same domains, weights and order either way: so every result has the same bits.
Plain links take 4 bytes (12 with weights); packed ones are gaps between ids, 7 bits a byte, 2 to 3
bytes a link, and a number for the weight; reading them takes two to three times as long.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numba
import numpy as np
import numpy.typing as npt
from numba.extending import overload

from pipeline.graph.wide import ask_for

# Unsigned, so that numba need not look for negative indices: 15% of a sweep of PageRank.
Starts = npt.NDArray[np.uint64]
UnsignedIds = npt.NDArray[np.uint32]
Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Offsets = npt.NDArray[np.int64]

ONE, SEVEN, LOW = np.uint64(1), np.uint64(7), np.uint64(127)
BEFORE_ALL = np.uint32(2**32 - 1)  # the id before 0


class Plain(NamedTuple):
    """offsets: uint64[n+1], where each row begins. ids: uint32[m], ascending in a row.
    weights: float64[m], or empty where all links weigh the same."""

    offsets: Starts
    ids: UnsignedIds
    weights: Floats


class Packed(NamedTuple):
    """offsets: uint64[n+1], in links. places: uint64[n+1], in bytes. gaps: uint8[...], of each link
    the ids between it and the one before. codes: uint8, 16 or 32[m], the place of its weight among
    `values`, float64[...]; or empty where all links weigh the same."""

    offsets: Starts
    places: Starts
    gaps: Bytes
    codes: npt.NDArray[Any]
    values: Floats


Links = Plain | Packed


class Graph(Protocol):
    """n domains and m links between different domains, however they are kept."""

    @property
    def n(self) -> int: ...

    @property
    def m(self) -> int: ...

    @property
    def names(self) -> Any:
        """Arrow strings[n], by id; None for a graph without names."""

    @property
    def out_links(self) -> Links: ...

    @property
    def in_links(self) -> Links: ...

    @property
    def out_offsets(self) -> Offsets:
        """int64[n+1]: the links of u are those from out_offsets[u] on."""

    @property
    def out_targets(self) -> npt.NDArray[np.int32]:
        """int32[m]: whom each domain links to, ascending; of packed links made anew each time."""

    @property
    def in_offsets(self) -> Offsets:
        """int64[n+1], as `out_offsets` of the links to each domain."""

    @property
    def in_sources(self) -> npt.NDArray[np.int32]:
        """int32[m]: who links to each domain, as `out_targets`."""

    @property
    def out_degree(self) -> Offsets:
        """int64[n]: how many other domains each one links to."""

    @property
    def in_degree(self) -> Offsets:
        """int64[n]: how many other domains link to each one."""

    def turned(self) -> Graph:
        """The graph in which t links to u wherever u links to t here; no link is copied."""


# These five are chosen by the kind of links when a kernel compiles: see the functions below.
def start(links: Any, t: Any) -> Any:
    """(place, id) before the first link of t."""
    return _start(links, t)(links, t)


def following(links: Any, j: Any, place: Any, before: Any) -> Any:
    """(id, place) of link j, from the place and id that the one before it left."""
    return _following(links, j, place, before)(links, j, place, before)


def weight_of(links: Any, j: Any) -> Any:
    """The weight of link j, of links that have weights."""
    return _weight_of(links, j)(links, j)


def has_weights(links: Any) -> Any:
    """Whether links weigh differently."""
    return _has_weights(links)(links)


def ask_ahead(links: Any, j: Any, rows: Any, shift: Any, width: Any, line: Any) -> Any:
    """Asks for the rows of link j's domain before they are read; of packed links it can't tell."""
    return _ask_ahead(links, j, rows, shift, width, line)(links, j, rows, shift, width, line)


def _is_packed(links: Any) -> bool:
    return isinstance(links, Packed) or getattr(links, "instance_class", None) is Packed


# numba wants what it compiles to be annotated just as what chooses it.


@overload(start)  # type: ignore[untyped-decorator, unused-ignore]
def _start(links: Any, t: Any) -> Any:
    def plain(links: Any, t: Any) -> Any:
        return np.uint64(0), BEFORE_ALL

    def packed(links: Any, t: Any) -> Any:
        return links.places[t], BEFORE_ALL

    return packed if _is_packed(links) else plain


@overload(following)  # type: ignore[untyped-decorator, unused-ignore]
def _following(links: Any, j: Any, place: Any, before: Any) -> Any:
    def plain(links: Any, j: Any, place: Any, before: Any) -> Any:
        return links.ids[j], place

    def packed(links: Any, j: Any, place: Any, before: Any) -> Any:
        byte = np.uint64(links.gaps[place])
        place += ONE
        gap, shift = byte & LOW, SEVEN
        while byte > LOW:
            byte = np.uint64(links.gaps[place])
            place += ONE
            gap |= (byte & LOW) << shift
            shift += SEVEN
        return np.uint32(np.uint64(before) + gap + ONE), place

    return packed if _is_packed(links) else plain


@overload(weight_of)  # type: ignore[untyped-decorator, unused-ignore]
def _weight_of(links: Any, j: Any) -> Any:
    def plain(links: Any, j: Any) -> Any:
        return links.weights[j]

    def packed(links: Any, j: Any) -> Any:
        return links.values[links.codes[j]]

    return packed if _is_packed(links) else plain


@overload(has_weights)  # type: ignore[untyped-decorator, unused-ignore]
def _has_weights(links: Any) -> Any:
    def plain(links: Any) -> Any:
        return links.weights.size > 0

    def packed(links: Any) -> Any:
        return links.codes.size > 0

    return packed if _is_packed(links) else plain


@overload(ask_ahead)  # type: ignore[untyped-decorator, unused-ignore]
def _ask_ahead(links: Any, j: Any, rows: Any, shift: Any, width: Any, line: Any) -> Any:
    def plain(links: Any, j: Any, rows: Any, shift: Any, width: Any, line: Any) -> Any:
        if j < np.uint64(links.ids.size):
            ahead = np.uint64(links.ids[j]) << shift
            for k in range(0, width, line):
                ask_for(rows, ahead + np.uint64(k))

    def packed(links: Any, j: Any, rows: Any, shift: Any, width: Any, line: Any) -> Any:
        pass

    return packed if _is_packed(links) else plain


@numba.njit(cache=True, nogil=True)
def unpacked_ids(links: Links) -> npt.NDArray[np.int32]:
    """int32[m]: who stands at the other end of each link."""
    n = links.offsets.size - 1
    found = np.empty(links.offsets[n], np.int32)
    for t in range(n):
        place, u = start(links, t)
        for j in range(links.offsets[t], links.offsets[t + 1]):
            u, place = following(links, j, place, u)
            found[j] = u
    return found
