"""Trust-weighted harmonic centrality of pages: how near trust is by the domains that link to each.

A page is as far from a domain u as the nearest of those that link to it, and one link more:
wH(p) = sum over u of weight[u] / (1 + min over r that link to p of d(u, r)). It has what a node of
the graph would have that nothing leads on from, and never more than its own domain.
What brings it nothing: the page's own domain, what hangs on that, and links from what hangs on it.
So a page gains nothing by links from domains that its own domain alone leads to.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from pipeline.graph.blocks import Offsets, Scores, weights_of_domains
from pipeline.graph.csr import Ids
from pipeline.graph.distances import BATCH, Bits
from pipeline.graph.levels import FAR, On, Searches, lanes_for
from pipeline.graph.links import Graph
from pipeline.graph.mixing import mix
from pipeline.graph.sampled import drawn, telling
from pipeline.graph.threads import at_most
from pipeline.graph.wide import ask_for

TOLD = 3  # domains that are told as what brings a page its authority
BLOCK = 1 << 12  # sets and their domains a thread takes at a time
AHEAD = 12  # referring domains: their levels are asked for this long before they are read
LANES = 4  # sums that are added up side by side, always in this order

_SHARES = np.append(1.0 / (1.0 + np.arange(FAR)), 0.0)  # of a weight, by links from a referrer


class Sets(NamedTuple):
    """Who links to pages. target: int32[k], the domain of the page. Set i is
    sources[offsets[i]:offsets[i + 1]], distinct ids, alike sets in one order; int64[k + 1] and
    int32[...]."""

    target: Ids
    offsets: Offsets
    sources: Ids


class Brought(NamedTuple):
    """value: float64[k], of each set. lost: float64[...], beside its sources: by how much less it
    would be without the links of that one domain."""

    value: Scores
    lost: Scores


def brought(
    graph: Graph,
    weight: npt.NDArray[Any],
    sets: Sets,
    *,
    sources: int | None = None,
    hangs_on: On | None = None,
    room: Brought | None = None,
) -> Brought:
    """The centrality of pages that are linked by these sets of domains.

    weight: float64[n], not negative. sources: as in `weighted_harmonic_sampled`, and the same are
    searched from; None: from all whose weight is above 0. hangs_on: as in `weighted_harmonic`; give
    then sets without those that hang on their target, as `counting` has them.
    Ways of 255 links and more count as none. room: where to write, noughts; else made anew.
    Time: of 64 sources a search, and 64 bytes a set and domain in it, which are side by side.
    Memory: 112 bytes a domain and lane (`lanes_for`), and the room.
    Raises ValueError on weights of another length, negative or not finite, or sources < 1.
    """
    weight = weights_of_domains(graph.n, weight)
    if sources is not None and sources < 1:
        raise ValueError(f"sources is {sources}: at least 1 is needed")
    made = room or Brought(np.zeros(len(sets.target)), np.zeros(len(sets.sources)))
    chosen, counts = drawn(telling(graph, weight), sources or graph.n, 0)
    if not chosen.size or not len(sets.target):
        return made
    batches = -(-chosen.size // BATCH)
    lanes = min(lanes_for(graph.n), batches)
    searches = Searches(graph, lanes, hangs_on)
    blocks = _blocks(sets.offsets)
    for first in range(0, chosen.size, lanes * BATCH):
        some = slice(first, first + lanes * BATCH)
        searches.search(chosen[some].astype(np.uint32))
        held = np.zeros((lanes, BATCH))
        held.reshape(-1)[: len(counts[some])] = counts[some]
        used = -(-len(counts[some]) // BATCH)
        with at_most(len(blocks) - 1):
            _add(blocks, *sets, searches.levels[:used], searches.barred[:used], held[:used],
                 _SHARES, *made)  # fmt: skip
    return made


def counting(sets: Sets, hangs_on: On) -> Sets:
    """The sets without what brings their target nothing: itself, and what hangs on it."""
    enters, leaves = spans(hangs_on)
    kept = _kept(*sets, enters, leaves)
    ends = np.concatenate([[0], np.cumsum(kept)])
    return Sets(sets.target, ends[sets.offsets], sets.sources[kept])


def alike(sets: Sets) -> npt.NDArray[np.int64]:
    """int64[k]: the first of those alike, of the same target; the sets of a target are together.

    Of two that are not alike none is told as the other, though their hashes be.
    """
    first: npt.NDArray[np.int64] = _alike(*sets)
    return first


def strongest(
    sets: Sets, found: Brought, strength: Scores, most: int = TOLD
) -> npt.NDArray[np.int64]:
    """int64[k, most]: places in `sources` of those without which a set would lose most, -1 beyond.

    strength: float64[n]; of those alike the stronger first, then the one before in order.
    """
    places: npt.NDArray[np.int64] = _strongest(
        sets.offsets, sets.sources, found.lost, strength, most
    )
    return places


def spans(hangs_on: On) -> tuple[Ids, Ids]:
    """(enters, leaves), int32[n]: u hangs on t, or is t, just where
    enters[t] <= enters[u] < leaves[t]."""
    enters, leaves = _spans(hangs_on)
    return enters, leaves


def _blocks(offsets: Offsets) -> Offsets:
    """Of about as much work; by the sets, never by the threads."""
    work = offsets + np.arange(len(offsets))
    begins = np.searchsorted(work, np.arange(0, work[-1], BLOCK))
    return np.unique(np.append(begins, len(offsets) - 1)).astype(np.int64)


@numba.njit(parallel=True, cache=True, nogil=True)
def _add(
    blocks: Offsets, target: Ids, offsets: Offsets, sources: Ids,
    levels: npt.NDArray[np.uint8], barred: Bits, held: Scores, shares: Scores,
    value: Scores, lost: Scores,
) -> None:  # fmt: skip
    """What some batches of searches add. held: float64[lanes, BATCH], what each source counts."""
    for block in numba.prange(blocks.size - 1):
        near, second = np.empty(BATCH, np.uint8), np.empty(BATCH, np.uint8)
        counts = np.empty(BATCH)
        for lane in range(barred.shape[0]):
            rows = levels[lane]
            for i in range(blocks[block], blocks[block + 1]):
                first, last = offsets[i], offsets[i + 1]
                if first == last:
                    continue
                for j in range(first + AHEAD, min(last + AHEAD, sources.size)):
                    ask_for(rows, np.int64(sources[j]) * BATCH)
                _count(held[lane], barred[lane, target[i]], counts)
                near[:] = rows[sources[first]]
                second[:] = np.uint8(FAR)
                for j in range(first + 1, last):
                    row = rows[sources[j]]
                    for bit in range(BATCH):
                        second[bit] = min(second[bit], max(near[bit], row[bit]))
                        near[bit] = min(near[bit], row[bit])
                total = _sum(counts, near, shares)
                value[i] += total
                if last == first + 1:
                    lost[first] += total
                    continue
                for bit in range(BATCH):  # what is lost with the only domain that is so near
                    counts[bit] *= shares[near[bit]] - shares[second[bit]]
                for j in range(first, last):
                    lost[j] += _sum_where(counts, rows[sources[j]], near)


@numba.njit(cache=True, nogil=True)
def _count(held: Scores, barred: np.uint64, counts: Scores) -> None:
    counts[:] = held
    if barred != np.uint64(0):
        for bit in range(BATCH):
            if barred >> np.uint64(bit) & np.uint64(1):
                counts[bit] = 0.0


@numba.njit(cache=True, nogil=True)
def _sum(counts: Scores, near: npt.NDArray[np.uint8], shares: Scores) -> float:
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for bit in range(0, BATCH, LANES):
        a += counts[bit] * shares[near[bit]]
        b += counts[bit + 1] * shares[near[bit + 1]]
        c += counts[bit + 2] * shares[near[bit + 2]]
        d += counts[bit + 3] * shares[near[bit + 3]]
    return (a + b) + (c + d)


@numba.njit(cache=True, nogil=True)
def _sum_where(counts: Scores, row: npt.NDArray[np.uint8], near: npt.NDArray[np.uint8]) -> float:
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for bit in range(0, BATCH, LANES):
        a += counts[bit] if row[bit] == near[bit] else 0.0
        b += counts[bit + 1] if row[bit + 1] == near[bit + 1] else 0.0
        c += counts[bit + 2] if row[bit + 2] == near[bit + 2] else 0.0
        d += counts[bit + 3] if row[bit + 3] == near[bit + 3] else 0.0
    return (a + b) + (c + d)


@numba.njit(cache=True, nogil=True)
def _kept(
    target: Ids, offsets: Offsets, sources: Ids, enters: Ids, leaves: Ids
) -> npt.NDArray[np.bool_]:
    kept = np.empty(sources.size, np.bool_)
    for i in range(target.size):
        first, last = enters[target[i]], leaves[target[i]]
        for j in range(offsets[i], offsets[i + 1]):
            kept[j] = not first <= enters[sources[j]] < last
    return kept


@numba.njit(cache=True, nogil=True)
def _spans(on: On) -> tuple[Ids, Ids]:
    """Numbers in the order of a walk down the trees that `on` is upwards, without recursion."""
    n = on.size
    below, after = np.full(n + 1, -1, np.int32), np.full(n, -1, np.int32)
    for u in range(n - 1, -1, -1):
        above = on[u] if on[u] >= 0 else n
        after[u], below[above] = below[above], u
    enters, leaves = np.empty(n, np.int32), np.empty(n, np.int32)
    u, came = below[n], 0
    while u >= 0:
        enters[u] = came
        came += 1
        if below[u] >= 0:
            u = below[u]
            continue
        leaves[u] = came
        while after[u] < 0 and on[u] >= 0:
            u = on[u]
            leaves[u] = came
        u = after[u]
    return enters, leaves


@numba.njit(cache=True, nogil=True)
def _alike(target: Ids, offsets: Offsets, sources: Ids) -> npt.NDArray[np.int64]:
    found = np.arange(target.size)
    begin = 0
    while begin < target.size:
        end = begin + 1
        while end < target.size and target[end] == target[begin]:
            end += 1
        hashes = np.zeros(end - begin, np.uint64)
        for i in range(begin, end):
            for j in range(offsets[i], offsets[i + 1]):
                hashes[i - begin] = mix(np.uint64(sources[j]), hashes[i - begin])
        order = np.argsort(hashes, kind="mergesort")
        for k in range(1, end - begin):
            one, other = begin + order[k - 1], begin + order[k]
            if hashes[order[k - 1]] == hashes[order[k]] and _same(offsets, sources, one, other):
                found[other] = found[one]
        begin = end
    return found


@numba.njit(cache=True, nogil=True)
def _same(offsets: Offsets, sources: Ids, one: int, other: int) -> bool:
    size = offsets[one + 1] - offsets[one]
    if offsets[other + 1] - offsets[other] != size:
        return False
    for k in range(size):  # noqa: SIM110 - compiled
        if sources[offsets[one] + k] != sources[offsets[other] + k]:
            return False
    return True


@numba.njit(parallel=True, cache=True, nogil=True)
def _strongest(
    offsets: Offsets, sources: Ids, lost: Scores, strength: Scores, most: int
) -> npt.NDArray[np.int64]:
    found = np.full((offsets.size - 1, most), -1, np.int64)
    for i in numba.prange(offsets.size - 1):
        for j in range(offsets[i], offsets[i + 1]):
            at = most
            while at > 0 and (
                found[i, at - 1] < 0 or _is_stronger(j, found[i, at - 1], sources, lost, strength)
            ):
                at -= 1
            for k in range(most - 1, at, -1):
                found[i, k] = found[i, k - 1]
            if at < most:
                found[i, at] = j
    return found


@numba.njit(cache=True, nogil=True)
def _is_stronger(one: int, other: int, sources: Ids, lost: Scores, strength: Scores) -> bool:
    if lost[one] != lost[other]:
        return bool(lost[one] > lost[other])
    return bool(strength[sources[one]] > strength[sources[other]])
