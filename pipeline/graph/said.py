"""How near two pages are by the terms that both say, of many pairs at a time.

A page's terms stand in order, the first the loudest. What a host says on most of its pages is its
template and has no part.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from pipeline.graph.csr import Offsets
from pipeline.graph.mixing import Hashes, mix
from pipeline.graph.sparse import Slots, Weights

MOST = 100  # terms of a page; of more the first count


def templates(hosts: Hashes, slots: Slots) -> Hashes:
    """uint64[k], ascending: of each host and slot that is of its template, one number."""
    return np.unique(_mixed(hosts, slots))


@numba.njit(cache=True, nogil=True)
def _mixed(hosts: Hashes, slots: Slots) -> Hashes:
    found = np.empty(hosts.size, np.uint64)
    for i in range(hosts.size):
        found[i] = mix(np.uint64(slots[i]), hosts[i])
    return found


@numba.njit(parallel=True, cache=True, nogil=True)
def cosines_of_pages(
    first_host: Hashes, first_ends: Offsets, first: Slots,
    second_host: Hashes, second_ends: Offsets, second: Slots,
    known: Hashes, rarity: Weights, loud: Weights, fewest: int, found: Weights,
) -> None:  # fmt: skip
    """Writes found, float32[k]; nan where fewer than `fewest` terms of either page are known.

    Pair i is first[first_ends[i]:first_ends[i + 1]], of a page of the host that is hashed to
    first_host[i], and the same of second. known: from `templates`. rarity: by slot, below 0 where
    one domain alone says it, which makes a page longer and is like no other. loud: float32[MOST],
    by place.
    """
    for i in numba.prange(first_host.size):
        one, one_weight = np.empty(MOST, np.uint32), np.empty(MOST, np.float64)
        other, other_weight = np.empty(MOST, np.uint32), np.empty(MOST, np.float64)
        a = _row(first_host[i], first[first_ends[i] : first_ends[i + 1]], known, rarity, loud,
                 one, one_weight)  # fmt: skip
        b = _row(second_host[i], second[second_ends[i] : second_ends[i + 1]], known, rarity, loud,
                 other, other_weight)  # fmt: skip
        if a < fewest or b < fewest:
            found[i] = np.nan
            continue
        found[i] = _cosine(one[:a], one_weight, other[:b], other_weight)


@numba.njit(cache=True, nogil=True)
def _row(
    host: np.uint64, slots: Slots, known: Hashes, rarity: Weights, loud: Weights,
    kept: Slots, weights: npt.NDArray[np.float64],
) -> int:  # fmt: skip
    """Writes the terms that count, by slot, with their weights; returns how many there are."""
    size = 0
    for place in range(min(slots.size, MOST)):
        number = mix(np.uint64(slots[place]), host)
        at = np.searchsorted(known, number)
        if at < known.size and known[at] == number:
            continue
        weight = np.float64(loud[place]) * rarity[slots[place]]
        at = size
        while at > 0 and kept[at - 1] > slots[place]:
            kept[at], weights[at] = kept[at - 1], weights[at - 1]
            at -= 1
        if at > 0 and kept[at - 1] == slots[place]:  # two words of one slot: the louder
            for k in range(at, size):
                kept[k], weights[k] = kept[k + 1], weights[k + 1]
            continue
        kept[at], weights[at] = slots[place], weight
        size += 1
    return size


@numba.njit(cache=True, nogil=True)
def _cosine(
    one: Slots, one_weight: npt.NDArray[np.float64],
    other: Slots, other_weight: npt.NDArray[np.float64],
) -> float:  # fmt: skip
    total, length, width = 0.0, 0.0, 0.0
    for x in range(one.size):
        length += one_weight[x] * one_weight[x]
    for y in range(other.size):
        width += other_weight[y] * other_weight[y]
    x, y = 0, 0
    while x < one.size and y < other.size:
        if one[x] < other[y]:
            x += 1
        elif one[x] > other[y]:
            y += 1
        else:
            total += max(one_weight[x], 0.0) * max(other_weight[y], 0.0)
            x += 1
            y += 1
    both = np.sqrt(length * width)
    return min(total / both, 1.0) if both > 0 else 0.0
