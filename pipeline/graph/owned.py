"""Sums over a target's links where an owner's second link counts less than the first, and the
same sums over redrawn pages: how far each hangs on which pages happened to be seen."""

from __future__ import annotations

import math

import numba
import numpy as np
import numpy.typing as npt

from pipeline.graph.csr import Ids as Ids32
from pipeline.graph.csr import Offsets
from pipeline.graph.mixing import Hashes, mix

MOST_DRAWN = 40  # linking pages; of more, all count: a draw moves their logarithm by little
_COUNTS = 128  # a Poisson of mean 40 exceeds it once in 10^25

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


@numba.njit(cache=True, nogil=True)
def places(starts: Offsets, order: Ids, source: Ids32, owner: Ids) -> Places:
    """uint32[edges]: 1 for the first of its owner."""
    place = np.empty(order.size, np.uint32)
    for i in range(starts.size - 1):
        for k in range(starts[i], starts[i + 1]):
            again = k > starts[i] and owner[source[order[k]]] == owner[source[order[k - 1]]]
            place[order[k]] = place[order[k - 1]] + 1 if again else 1
    return place


def chances() -> Floats:
    """float64[MOST_DRAWN + 1, _COUNTS]: the chance that a Poisson of that mean is at most that."""
    found = np.empty((MOST_DRAWN + 1, _COUNTS))
    for mean in range(MOST_DRAWN + 1):
        chance = [math.exp(-mean + (k * math.log(mean) if k else 0.0) - math.lgamma(k + 1))
                  if mean else float(k == 0) for k in range(_COUNTS)]  # fmt: skip
        found[mean] = np.cumsum(chance)
    found[:, -1] = 1.0
    return found


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
    drawn_chances: Floats,
    gamma: float,
    most: float,
    ends_at: Floats,
) -> Floats:
    """float64[targets, 2]: the sum at both ends of the interval over the replicates.

    names: of each domain, for the draws; salts: one a replicate. gamma, most: as the formula has
    them. ends_at: two quantiles. Within an owner the order is that of all pages; a domain of whose
    pages none was drawn takes no place.
    """
    found = np.empty((starts.size - 1, 2))
    for i in numba.prange(starts.size - 1):
        sums = np.zeros(salts.size)
        for replicate in range(salts.size):
            counts, last = 1.0, -1
            for k in range(starts[i], starts[i + 1]):
                edge = order[k]
                by = owner[source[edge]]
                if by != last:
                    counts, last = 1.0, by
                pair = mix(names[source[edge]], names[target[edge]])
                drawn = _drawn(pages[edge], mix(pair, salts[replicate]), drawn_chances)
                if drawn > 0:
                    now = min(np.log2(1.0 + drawn), most)
                    whole = min(np.log2(1.0 + pages[edge]), most)
                    sums[replicate] += worth[edge] * counts * now / whole
                    counts *= gamma
        sums.sort()
        for end in range(2):
            found[i, end] = sums[round(ends_at[end] * (salts.size - 1))]
    return found


@numba.njit(cache=True, nogil=True)
def _drawn(pages: int, number: np.uint64, of: Floats) -> int:
    """How often the pair's pages are drawn."""
    if pages >= of.shape[0]:
        return int(pages)
    chance = (number >> np.uint64(11)) * 2.0**-53
    return int(np.searchsorted(of[pages], chance, side="right"))
