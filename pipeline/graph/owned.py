"""Sums over a target's links where an owner's second link counts less than the first, and the
same sums over redrawn pages: how far each hangs on which pages happened to be seen."""

from __future__ import annotations

import math
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from pipeline.graph.csr import Ids as Ids32
from pipeline.graph.csr import Offsets
from pipeline.graph.mixing import Hashes, mix

MOST_DRAWN = 40  # linking pages; of more, all count: a draw moves their logarithm by little
STEP_BITS = 12  # of a draw: 64 bits have five
STEPS = 1 << STEP_BITS
AT_A_TIME = 64 // STEP_BITS

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
Places = npt.NDArray[np.uint32]


@numba.njit(parallel=True, cache=True, nogil=True)
def ordered(starts: Offsets, source: Ids32, owner: Ids, worth: Floats) -> Ids:
    """int64[edges]: each target's edges by owner, an owner's by worth, the greatest first.

    starts: where each target's edges begin, and where the last one's end. source: who links, of
    each edge. owner: int64[n], alike for domains of one owner.
    """
    order = np.empty(source.size, np.int64)
    for i in numba.prange(starts.size - 1):
        a, b = starts[i], starts[i + 1]
        by_worth = np.argsort(-worth[a:b], kind="mergesort")
        by_owner = np.argsort(owner[source[a:b]][by_worth], kind="mergesort")
        order[a:b] = a + by_worth[by_owner]
    return order


class Shares(NamedTuple):
    """place: uint32[edges], 1 for the first of its owner. share: float64[edges], what it counts.
    total: float64[targets], their sums. owners: uint32[targets], how many, but for the target's."""

    place: Places
    share: Floats
    total: Floats
    owners: Places


def shares(
    starts: Offsets,
    order: Ids,
    source: Ids32,
    target: Ids32,
    owner: Ids,
    worth: Floats,
    gamma: float,
) -> Shares:
    """Of an owner's edges to a target the first counts whole, each further `gamma` of that before.

    order: as `ordered` has it.
    """
    found = Shares(
        np.empty(source.size, np.uint32), np.empty(source.size),
        np.zeros(starts.size - 1), np.zeros(starts.size - 1, np.uint32),
    )  # fmt: skip
    _share(starts, order, source, target, owner, worth, gamma, *found)
    return found


@numba.njit(parallel=True, cache=True, nogil=True)
def _share(
    starts: Offsets,
    order: Ids,
    source: Ids32,
    target: Ids32,
    owner: Ids,
    worth: Floats,
    gamma: float,
    place: Places,
    share: Floats,
    total: Floats,
    owners: Places,
) -> None:
    for i in numba.prange(starts.size - 1):
        last, at, counts = -1, 0, 1.0
        for k in range(starts[i], starts[i + 1]):
            edge = order[k]
            by = owner[source[edge]]
            if by != last:
                last, at, counts = by, 0, 1.0
                owners[i] += by != owner[target[edge]]
            at += 1
            place[edge] = at
            share[edge] = worth[edge] * counts
            total[i] += share[edge]
            counts *= gamma


class Draws(NamedTuple):
    """What a draw from a pair's pages comes to, for 0 to MOST_DRAWN of them.

    times: uint8[pages, STEPS], how often they are drawn together, for as many likely chances.
    parts: float64[pages, 256], by how often, what of the pair's worth is left.
    """

    times: npt.NDArray[np.uint8]
    parts: Floats


def draws(most: float) -> Draws:
    """By Poisson counts, and log2(1 + pages) that is `most` at most, as worth goes by pages."""
    times = np.zeros((MOST_DRAWN + 1, STEPS), np.uint8)
    parts = np.zeros((MOST_DRAWN + 1, 256))
    middles = (np.arange(STEPS) + 0.5) / STEPS
    often = np.minimum(np.log2(1.0 + np.arange(256)), most)
    for pages in range(1, MOST_DRAWN + 1):
        logs = [k * math.log(pages) - pages - math.lgamma(k + 1) for k in range(256)]
        times[pages] = np.searchsorted(np.cumsum(np.exp(logs)), middles, side="right")
        parts[pages] = often / often[pages]
    return Draws(times, parts)


@numba.njit(parallel=True, cache=True, nogil=True)
def redrawn(
    starts: Offsets,
    order: Ids,
    source: Ids32,
    target: Ids32,
    owner: Ids,
    worth: Floats,
    pages: Places,
    names: Hashes,
    salts: Hashes,
    replicates: int,
    times: npt.NDArray[np.uint8],
    parts: Floats,
    gamma: float,
    ends_at: Floats,
) -> Floats:
    """float64[targets, 2]: the sum at both ends of the interval over the replicates.

    names: of each domain, for the draws; salts: one for AT_A_TIME replicates. times, parts: see
    `Draws`. gamma: as the formula has it. ends_at: two quantiles. Within an owner the order is that
    of all pages; a domain of whose pages none was drawn takes no place.
    """
    found = np.empty((starts.size - 1, 2))
    for i in numba.prange(starts.size - 1):
        sums, counts = np.zeros(replicates), np.ones(replicates)
        last = -1
        for k in range(starts[i], starts[i + 1]):
            edge = order[k]
            if worth[edge] == 0.0:
                continue
            if owner[source[edge]] != last:
                counts[:] = 1.0
                last = owner[source[edge]]
            of = pages[edge]
            if of > MOST_DRAWN:
                sums += worth[edge] * counts
                counts *= gamma
                continue
            pair = mix(names[source[edge]], names[target[edge]])
            number = np.uint64(0)
            for replicate in range(replicates):
                if replicate % AT_A_TIME == 0:
                    number = mix(pair, salts[replicate // AT_A_TIME])
                drawn = times[of, number & np.uint64(STEPS - 1)]
                number >>= np.uint64(STEP_BITS)
                if drawn > 0:
                    sums[replicate] += worth[edge] * counts[replicate] * parts[of, drawn]
                    counts[replicate] *= gamma
        sums.sort()
        for end in range(2):
            found[i, end] = sums[round(ends_at[end] * (replicates - 1))]
    return found
