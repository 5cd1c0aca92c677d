"""Who links to the same others: signatures by which alike sets of links are found, and how alike.

A set's first signature says that another is the very same. The others are bands of two least
hashes each: sets that share half of what either has meet in one of four bands by a chance of 68%,
those that share a tenth by 4%. So alike sets are found without comparing all with all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numba
import numpy as np
import numpy.typing as npt

from pipeline.graph.blocks import Scores
from pipeline.graph.csr import DomainGraph, Ids, Offsets
from pipeline.graph.mixing import Hashes, mix, start_of

BANDS = 4

Batches = Callable[[], Iterable[tuple[Ids, Ids]]]


def sets_of(n: int, batches: Batches) -> DomainGraph:
    """The graph of links that come by target and are distinct, for what each domain links to.

    batches: sources and targets of some at a time, read twice. Links within a domain are left out.
    Nothing is sorted: 4 bytes a link and 16 a domain are all that it takes.
    """
    ends = np.zeros(n + 1, np.int64)
    for source, target in batches():
        _count(source, target, ends)
    np.cumsum(ends, out=ends)
    targets = np.empty(ends[-1], np.int32)
    free = ends[:-1].copy()
    for source, target in batches():
        _place(source, target, free, targets)
    return DomainGraph(n, None, ends, targets, None)


def signatures(graph: DomainGraph) -> Hashes:
    """uint64[n, 1 + BANDS]: what stands for the set of domains that each one links to.

    0 where it links to none. Equal sets have equal signatures. Time: one pass over the edges.
    Source: Broder 1997, "On the resemblance and containment of documents", for least hashes;
    bands of them as in Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", chapter 3.
    """
    starts = np.array([start_of(salt) for salt in range(1 + 2 * BANDS)], np.uint64)
    found: Hashes = _signatures(graph.out_offsets, graph.out_targets, starts)
    return found


def shared(graph: DomainGraph, one: Ids, other: Ids) -> tuple[Ids, Scores]:
    """int32[k] and float64[k]: how many domains each pair both link to, and of those that either
    does which share (Jaccard; 0 where neither links to any)."""
    both = _shared(graph.out_offsets, graph.out_targets, one, other)
    degree = graph.out_degree
    either = degree[one] + degree[other] - both
    share = np.zeros(len(both))
    np.divide(both, either, out=share, where=either > 0)
    return both, share


def met_again(slots: Hashes, count: int) -> npt.NDArray[np.bool_]:
    """bool[k]: which of these, from 0 to below `count`, come more than once. A byte a slot."""
    times = np.zeros(count, np.uint8)
    _meet(slots, times)
    again: npt.NDArray[np.bool_] = times[slots] > 1
    return again


@numba.njit(cache=True, nogil=True)
def _meet(slots: Hashes, times: npt.NDArray[np.uint8]) -> None:
    """times: how often each slot is met, up to 2."""
    for i in range(slots.size):
        times[slots[i]] = min(times[slots[i]] + 1, 2)


@numba.njit(cache=True, nogil=True)
def _count(source: Ids, target: Ids, ends: Offsets) -> None:
    for i in range(source.size):
        if source[i] != target[i]:
            ends[source[i] + 1] += 1


@numba.njit(cache=True, nogil=True)
def _place(source: Ids, target: Ids, free: Offsets, targets: Ids) -> None:
    for i in range(source.size):
        if source[i] != target[i]:
            targets[free[source[i]]] = target[i]
            free[source[i]] += 1


@numba.njit(cache=True, nogil=True)
def _signatures(offsets: Offsets, targets: Ids, starts: Hashes) -> Hashes:
    n = offsets.size - 1
    found = np.zeros((n, 1 + BANDS), np.uint64)
    least = np.empty(2 * BANDS, np.uint64)
    for u in range(n):
        if offsets[u] == offsets[u + 1]:
            continue
        whole = np.uint64(0)
        least[:] = np.uint64(0xFFFFFFFFFFFFFFFF)
        for e in range(offsets[u], offsets[u + 1]):
            number = np.uint64(targets[e])
            whole += mix(number, starts[0])
            for k in range(2 * BANDS):
                least[k] = min(least[k], mix(number, starts[k + 1]))
        found[u, 0] = whole | np.uint64(1)
        for band in range(BANDS):
            found[u, band + 1] = mix(least[2 * band], least[2 * band + 1]) | np.uint64(1)
    return found


@numba.njit(cache=True, nogil=True)
def _shared(offsets: Offsets, targets: Ids, one: Ids, other: Ids) -> npt.NDArray[np.int32]:
    found = np.zeros(one.size, np.int32)
    for k in range(one.size):
        i, end = offsets[one[k]], offsets[one[k] + 1]
        j, last = offsets[other[k]], offsets[other[k] + 1]
        while i < end and j < last:
            if targets[i] == targets[j]:
                found[k] += 1
            if targets[i] <= targets[j]:
                i, j = i + 1, j + (targets[i] == targets[j])
            else:
                j += 1
    return found
