"""Who links to the same others: signatures by which alike sets of links are found, and how alike.

A set's first signature says that another is the very same. The others are bands of two least
hashes each: sets that share half of what either has meet in one of four bands by a chance of 68%,
those that share a tenth by 4%. So alike sets are found without comparing all with all.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from pipeline.graph.blocks import Scores
from pipeline.graph.csr import DomainGraph, Ids, Offsets
from pipeline.graph.mixing import Hashes, mix, start_of

BANDS = 4


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
