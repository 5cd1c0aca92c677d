"""Breadth-first search from 64 sources at once, one bit each, adding weight/distance.

The kernels behind harmonic centrality. Source: Then et al. 2014, "The more the merrier:
efficient multi-source graph traversal"; push or pull by level as in Beamer et al. 2012.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from pipeline.graph.links import Graph, Links, following, start
from pipeline.graph.threads import at_most

BATCH = 64  # sources a search: the bits of a word
PULL_ABOVE = 2  # pull once more than m/2 edges leave the frontier: best or near it of 0 to 32
MAX_LANES = 16
LANE_BYTES = 2**30  # for the lanes' sums; fewer lanes on larger graphs
BATCHES_A_CALL = 4  # per lane, between two chances for Ctrl-C

Bits = npt.NDArray[np.uint64]
Ids = npt.NDArray[np.uint32]
Weights = npt.NDArray[np.float64]
Integers = npt.NDArray[np.integer[Any]]


def add_up(
    graph: Graph,
    sources: Integers,
    weights: Weights,
    hangs_on: npt.NDArray[np.int32] | None = None,
) -> Weights:
    """float64[n]: for every t, the sum over sources u other than t of weights[u] / d(u, t).

    sources: distinct ids[k]; weights: float64[k]. d counts links along their direction.
    hangs_on: int32[n] from `dominators`: u does not count for those that it hangs on.
    The batches go to a number of lanes that depends on n and k alone, each with a sum of its
    own, so the bits are the same whatever the number of threads.
    Time: about k/64 times a few sweeps over the edges. Memory: 8n a lane, 40n a thread.
    """
    batches = -(-len(sources) // BATCH)
    lanes = max(1, min(MAX_LANES, LANE_BYTES // (8 * max(graph.n, 1)), batches))
    sums = np.zeros((lanes, graph.n))
    ids = sources.astype(np.uint32)
    on = np.empty(0, np.int32) if hangs_on is None else hangs_on
    step = lanes * BATCHES_A_CALL
    with at_most(lanes):
        for first in range(0, batches, step):
            _search(
                graph.out_links, graph.in_links,
                ids, weights, on, first, min(first + step, batches), sums,
            )  # fmt: skip
    total: Weights = sums.sum(axis=0)
    return total


@numba.njit(parallel=True, cache=True, nogil=True)
def _search(
    out_links: Links,
    in_links: Links,
    sources: Ids,
    weights: Weights,
    on: npt.NDArray[np.int32],
    first: int,
    last: int,
    sums: Weights,
) -> None:
    lanes, n = sums.shape
    for lane in numba.prange(lanes):
        if first + lane < last:
            words = np.zeros((4, n), np.uint64)
            lists = np.empty((2, n), np.uint32)
            shares = np.zeros((8, 256), np.float64)
            for batch in range(first + lane, last, lanes):
                some = slice(batch * BATCH, min((batch + 1) * BATCH, sources.size))
                _fill(shares, weights[some])
                _from_batch(
                    out_links, in_links, sources[some], shares, on, words, lists, sums[lane],
                )  # fmt: skip


@numba.njit(cache=True, nogil=True)
def _fill(shares: Weights, weights: Weights) -> None:
    """shares[k, byte]: the weight of the sources whose bits are set in byte k of a word.

    A bit fills all bytes of which it is the highest; bits of no source are never looked up.
    """
    shares[:] = 0.0
    for bit in range(weights.size):
        low = 1 << (bit & 7)
        for byte in range(low, 2 * low):
            shares[bit >> 3, byte] = shares[bit >> 3, byte - low] + weights[bit]


@numba.njit(cache=True, nogil=True)
def _from_batch(
    out_links: Links,
    in_links: Links,
    sources: Ids,
    shares: Weights,
    on: npt.NDArray[np.int32],
    words: Bits,
    lists: npt.NDArray[np.uint32],
    sums: Weights,
) -> None:
    """One search. words: seen, near (this level), far (the next), barred (sources that do not count
    for a domain, since they hang on it); all but the first all 0 between."""
    seen, near, far, barred = words[0], words[1], words[2], words[3]
    here, there = lists[0], lists[1]
    seen[:] = np.uint64(0)
    everyone = np.uint64(0)
    for bit in range(sources.size):
        mark = np.uint64(1) << np.uint64(bit)
        everyone |= mark
        seen[sources[bit]] = near[sources[bit]] = mark
        here[bit] = sources[bit]
    bar(sources, on, barred, True)
    size, distance = sources.size, 1.0
    while size > 0:
        found = onward(out_links, in_links, here[:size], everyone, seen, near, far, there)
        for i in range(found):
            t = there[i]
            seen[t] |= far[t]
            sums[t] += _weight_of(far[t] & ~barred[t], shares) / distance
        near, far, here, there = far, near, there, here
        size = found
        distance += 1.0
    bar(sources, on, barred, False)


@numba.njit(cache=True, nogil=True)
def bar(sources: Ids, on: npt.NDArray[np.int32], barred: Bits, sets: bool) -> None:
    """Sets the bit of each source at all that it hangs on, or takes all bits from there."""
    for bit in range(sources.size if on.size else 0):
        mark = np.uint64(1) << np.uint64(bit)
        above = on[sources[bit]]
        while above >= 0:
            barred[above] = barred[above] | mark if sets else np.uint64(0)
            above = on[above]


@numba.njit(cache=True, nogil=True)
def onward(
    out_links: Links, in_links: Links, here: Ids, everyone: np.uint64,
    seen: Bits, near: Bits, far: Bits, there: Ids,
) -> int:  # fmt: skip
    """One level on, by whichever side has less to look at: bits into `far` for who is new, whose
    ids go into `there`, and how many they are. `near` is 0 again after it."""
    edges = 0
    for u in here:
        edges += int(out_links.offsets[u + 1] - out_links.offsets[u])
    found: int
    if edges * PULL_ABOVE > int(out_links.offsets[-1]):
        found = _pull(in_links, everyone, seen, near, far, there)
    else:
        found = _push(out_links, here, seen, near, far, there)
    for u in here:
        near[u] = np.uint64(0)
    return found


@numba.njit(cache=True, nogil=True)
def _push(links: Links, here: Ids, seen: Bits, near: Bits, far: Bits, there: Ids) -> int:
    found = 0
    for u in here:
        bits = near[u]
        place, t = start(links, u)
        for j in range(links.offsets[u], links.offsets[u + 1]):
            t, place = following(links, j, place, t)
            new = bits & ~seen[t]
            if new != np.uint64(0):
                if far[t] == np.uint64(0):
                    there[found] = t
                    found += 1
                far[t] |= new
    return found


@numba.njit(cache=True, nogil=True)
def _pull(links: Links, everyone: np.uint64, seen: Bits, near: Bits, far: Bits, there: Ids) -> int:
    found = 0
    for t in range(seen.size):
        missing = everyone & ~seen[t]
        if missing == np.uint64(0):
            continue
        new = np.uint64(0)
        place, u = start(links, t)
        for j in range(links.offsets[t], links.offsets[t + 1]):
            u, place = following(links, j, place, u)
            new |= near[u] & missing
            if new == missing:
                break
        if new != np.uint64(0):
            far[t] = new
            there[found] = t
            found += 1
    return found


@numba.njit(cache=True, nogil=True)
def _weight_of(bits: np.uint64, shares: Weights) -> float:
    total = 0.0
    for k in range(8):
        total += shares[k, bits & np.uint64(255)]
        bits >>= np.uint64(8)
    return total
