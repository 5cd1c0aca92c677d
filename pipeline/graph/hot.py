"""Whose score is read most, side by side: so that a walk's random reads stay in the cache.

A sweep reads a domain's score once for each of its links. In the order of their number of links
the few that are read most fill few lines; those without links are not read at all. Rows and sums
keep their order, so the scores keep their bits.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from pipeline.graph.links import Graph, Links, Plain, UnsignedIds

Places = npt.NDArray[np.int64]


class Hot(NamedTuple):
    """links: who links to each, by place. place: uint32[n], of each domain; `size` where it links
    to nobody, a place that is never read. size: how many link."""

    links: Links
    place: UnsignedIds
    size: int


def hot(graph: Graph) -> Hot:
    """Takes 4 bytes a link, and a pass over them. Packed links stay where they are, as memory is
    short then."""
    links = graph.in_links
    if not isinstance(links, Plain):
        return unplaced(graph)
    place, size = _by_degree(graph.out_links.offsets)
    return Hot(Plain(links.offsets, _placed(links.ids, place), links.weights), place, size)


def unplaced(graph: Graph) -> Hot:
    """All where they stand."""
    return Hot(graph.in_links, np.arange(graph.n, dtype=np.uint32), graph.n)


@numba.njit(cache=True, nogil=True)
def _by_degree(offsets: npt.NDArray[np.uint64]) -> tuple[UnsignedIds, int]:
    """Counting sort by the bits of the number of links, the most first, ties by id."""
    n = offsets.size - 1
    following, place = np.zeros(66, np.int64), np.empty(n, np.uint32)
    for u in range(n):
        following[64 - _bits(offsets[u + 1] - offsets[u]) + 1] += 1
    for k in range(65):
        following[k + 1] += following[k]
    size = following[64]  # those of no bit stand behind
    for u in range(n):
        k = 64 - _bits(offsets[u + 1] - offsets[u])
        place[u] = following[k]
        following[k] += k < 64
    return place, size


@numba.njit(cache=True, nogil=True)
def _bits(degree: np.uint64) -> int:
    bits = 0
    while degree > np.uint64(0):
        degree >>= np.uint64(1)
        bits += 1
    return bits


@numba.njit(parallel=True, cache=True, nogil=True)
def _placed(ids: UnsignedIds, place: UnsignedIds) -> UnsignedIds:
    found = np.empty_like(ids)
    for j in numba.prange(ids.size):
        found[j] = place[ids[j]]
    return found
