"""Sparse rows of weights: the heaviest of each, and how alike two are.

Row r has slots[offsets[r]:offsets[r + 1]], ascending, with a weight each.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from pipeline.graph.csr import Ids, Offsets

Slots = npt.NDArray[np.uint32]
Weights = npt.NDArray[np.float32]


@numba.njit(cache=True, nogil=True)
def keep(
    offsets: Offsets,
    slots: Slots,
    heard: Weights,
    rarity: Weights,
    lengths: Offsets,
    kept_slots: Slots,
    kept_weights: Weights,
    used: int,
    most: int,
) -> int:
    """Writes each row's heaviest `most` entries from `used` on, by slot; returns how far it wrote.

    heard: how much each entry says; rarity: by how much that of a slot counts, below 0 where it
    makes a row longer and is left out. lengths: int64[rows], written: how many are kept of each.
    """
    for row in range(offsets.size - 1):
        first, end = offsets[row], offsets[row + 1]
        weight = np.empty(end - first, np.float64)
        norm = 0.0
        for i in range(end - first):
            each = heard[first + i] * rarity[slots[first + i]]
            norm += each * each
            weight[i] = max(each, 0.0)
        order = np.argsort(-weight, kind="mergesort")[:most]
        chosen = order[weight[order] > 0]
        chosen = chosen[np.argsort(slots[first + chosen], kind="mergesort")]
        start = used
        for i in chosen:
            slot = slots[first + i]
            share = np.float32(weight[i] / np.sqrt(norm))
            if used > start and kept_slots[used - 1] == slot:  # two words of one slot
                kept_weights[used - 1] = max(kept_weights[used - 1], share)
                continue
            kept_slots[used], kept_weights[used] = slot, share
            used += 1
        lengths[row] = used - start
    return used


@numba.njit(parallel=True, cache=True, nogil=True)
def cosines(
    rows: Ids, offsets: Offsets, slots: Slots, weights: Weights,
    first: Ids, second: Ids, found: Weights, shared: Ids,
) -> None:  # fmt: skip
    """How alike pairs of domains are, by what they say.

    first, second: int32[k], ids. Writes found, float32[k], nan where of one nothing is known; and
    shared, int32[k, m]: the slots that add most to it, -1 where there are fewer.
    """
    most = shared.shape[1]
    for i in numba.prange(first.size):
        shared[i] = -1
        a, b = rows[first[i]], rows[second[i]]
        if a < 0 or b < 0:
            found[i] = np.nan
            continue
        x, y, x_end, y_end = offsets[a], offsets[b], offsets[a + 1], offsets[b + 1]
        total, best = np.float32(0), np.zeros(most, np.float32)
        while x < x_end and y < y_end:
            if slots[x] < slots[y]:
                x += 1
            elif slots[x] > slots[y]:
                y += 1
            else:
                part = weights[x] * weights[y]
                total += part
                at = most
                while at > 0 and part > best[at - 1]:
                    at -= 1
                for k in range(most - 1, at, -1):
                    best[k], shared[i, k] = best[k - 1], shared[i, k - 1]
                if at < most:
                    best[at], shared[i, at] = part, slots[x]
                x += 1
                y += 1
        found[i] = min(total, np.float32(1))


@numba.njit(cache=True, nogil=True)
def sums_by(
    target: Ids, weight: npt.NDArray[np.float64], values: Weights, n: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], Offsets, Offsets]:
    """Of each of n, over what points to it: the weight whose value is known, that times the value,
    how many are known, and how many there are. float64[n], float64[n], int64[n], int64[n].

    Memory: 32 bytes of each of n, and nothing an entry. Summed in the order of the entries.
    """
    heavy, total = np.zeros(n, np.float64), np.zeros(n, np.float64)
    known, of = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for i in range(target.size):
        t = target[i]
        of[t] += 1
        if not np.isnan(values[i]):
            known[t] += 1
            heavy[t] += weight[i]
            total[t] += weight[i] * values[i]
    return heavy, total, known, of


@numba.njit(parallel=True, cache=True, nogil=True)
def heaviest(offsets: Offsets, weights: Weights, rows: Ids, most: int) -> Offsets:
    """int64[k, most]: places in `weights` of the heaviest of each of these rows, -1 beyond."""
    found = np.full((rows.size, most), -1, np.int64)
    for i in numba.prange(rows.size):
        if rows[i] >= 0:
            first, end = offsets[rows[i]], offsets[rows[i] + 1]
            order = np.argsort(-weights[first:end], kind="mergesort")[:most]
            found[i, : order.size] = first + order
    return found
