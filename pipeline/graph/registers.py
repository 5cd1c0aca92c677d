"""HyperLogLog registers: a set of domains, or a weight of them, in 2^log2m bytes.

A register keeps the largest rank of what fell to it, and two sets are joined by the larger of
each register. A rank of k is half as likely as one of k - 1, so the registers together tell how
much there is, with a standard error of 1.04 / sqrt(2^log2m).

Weights are registered as if a domain were a number of members in proportion to its weight, fallen
to every register by chance (Poisson): the largest rank of so many is drawn at once, by inverting
its distribution. So any positive number is a weight, a sum of weights is estimated just as a
number of members is, and what weighs nothing leaves no trace.

Source: Flajolet et al. 2007, "HyperLogLog"; the estimator of Ertl 2017, "New cardinality
estimation algorithms for HyperLogLog sketches", section 4, which has no threshold between small
and large sets and never falls as registers grow. Weights: Cohen 1997, "Size-estimation framework",
whose minima of exponential variables these ranks are the binary logarithms of.
"""

from __future__ import annotations

import math

import numba
import numpy as np
import numpy.typing as npt

from pipeline.graph.csr import Weights
from pipeline.graph.mixing import mix, start_of
from pipeline.graph.threads import at_most
from pipeline.graph.wide import WIDTH

PIECE = 1 << 14  # registers drawn that are worth a thread: a millisecond

Registers = npt.NDArray[np.uint8]

SMALLEST, LARGEST = 5, 16  # log2m: from one vector to 64 KiB a domain
TOP = 46  # ranks above count as this: one domain in 2^46; sums of 2^16 registers fit into 63 bits
WHOLE = 2.0**34  # members a register of the whole weight: a share of 2^-34 still leaves a trace


def of_members(n: int, log2m: int, salt: int, member: npt.NDArray[np.bool_]) -> Registers:
    """uint8[n * 2^log2m]: the set of each domain alone, empty where it is no member."""
    rows = np.zeros(n << log2m, dtype=np.uint8)
    with at_most(n // PIECE):
        _register_members(rows, log2m, start_of(salt), member)
    return rows


def of_weights(weight: Weights, log2m: int, salt: int) -> Registers:
    """uint8[n * 2^log2m]: each domain's weight alone, in parts of the whole."""
    rows = np.zeros(len(weight) << log2m, dtype=np.uint8)
    whole = float(weight.sum())
    if whole > 0:
        with at_most(len(rows) // PIECE):
            _register_weights(rows, log2m, start_of(salt), weight * (WHOLE / whole))
    return rows


def per_estimate(log2m: int) -> float:
    """What an estimate over registers is multiplied by to count members."""
    return 4.0**log2m / (2 * math.log(2))


def corrections(log2m: int) -> Weights:
    """float64[2^log2m + 1]: what so many registers at 0 add to the sum of 2^-rank.

    Ertl's sigma, times the number of registers: x + sum over k of x^(2^k) 2^(k-1), x being the
    share of registers at 0; infinite where all are, so that nothing is estimated as nothing.
    """
    m = 1 << log2m
    share = np.arange(m) / m
    total, power, factor = share.copy(), share.copy(), 0.5
    while True:
        power = power * power
        factor *= 2
        more = total + power * factor
        if np.array_equal(more, total):
            return np.append(m * total, np.inf)
        total = more


@numba.njit(cache=True, nogil=True)
def estimate(rows: Registers, start: np.uint64, log2m: int, zeros_add: Weights) -> float:
    """In units of `per_estimate`. Sums whole numbers, and so the same in any order."""
    total, zeros = 0, 0
    for i in range(start, start + np.uint64(1 << log2m)):
        rank = rows[i]
        zeros += rank == 0
        total += 1 << (TOP - rank)
    total -= zeros << TOP
    return float(1.0 / (total * 2.0**-TOP + zeros_add[zeros]))


@numba.njit(parallel=True, cache=True, nogil=True)
def _register_members(
    rows: Registers, log2m: int, start: np.uint64, member: npt.NDArray[np.bool_]
) -> None:
    for u in numba.prange(member.size):
        if member[u]:
            bits = mix(np.uint64(u), start)
            register = np.uint64(bits & np.uint64((1 << log2m) - 1))
            bits >>= np.uint64(log2m)
            rank = 1
            while rank < TOP and bits & np.uint64(1) == np.uint64(0):
                bits >>= np.uint64(1)
                rank += 1
            rows[(np.uint64(u) << np.uint64(log2m)) + register] = rank


@numba.njit(parallel=True, cache=True, nogil=True)
def _register_weights(rows: Registers, log2m: int, start: np.uint64, members: Weights) -> None:
    """members: float64[n], expected at each register; the largest rank of a Poisson number of
    them is at most k with chance exp(-members * 2^-k)."""
    for u in numba.prange(members.size):
        if members[u] > 0:
            first = np.uint64(u) << np.uint64(log2m)
            for i in range(first, first + np.uint64(1 << log2m)):
                chance = ((mix(np.uint64(i), start) >> np.uint64(12)) + 0.5) * 2.0**-52
                rank = math.ceil(math.log2(members[u] / -math.log(chance)))
                rows[i] = min(max(rank, 0), TOP)


assert 1 << SMALLEST == WIDTH
