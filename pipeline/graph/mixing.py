"""Numbers that look drawn by chance and are the same on every machine and in every release.

numpy's generators may change their streams between releases; a snapshot must not.
Source: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators", the
finalizer of SplitMix64 (Stafford's variant 13).
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from pipeline.graph.csr import Integers

Hashes = npt.NDArray[np.uint64]

STEP = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio, as the source has it
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)


def mixed(numbers: Integers, salt: int) -> Hashes:
    """uint64[k], one for each number: distinct for distinct numbers under the same salt."""
    found: Hashes = _mix_all(numbers.astype(np.uint64), start_of(salt))
    return found


def start_of(salt: int) -> np.uint64:
    """Where the numbers of a salt begin, for `mix`."""
    return np.uint64(_mix_all(np.array([salt % 2**64], dtype=np.uint64), STEP)[0])


@numba.njit(cache=True, nogil=True)
def mix(number: np.uint64, start: np.uint64) -> np.uint64:
    """One number mixed, from where its salt begins."""
    state = number * STEP + start
    state = (state ^ (state >> SHIFTS[0])) * FIRST
    state = (state ^ (state >> SHIFTS[1])) * SECOND
    return np.uint64(state ^ (state >> SHIFTS[2]))


@numba.njit(cache=True, nogil=True)
def _mix_all(numbers: Hashes, start: np.uint64) -> Hashes:
    found = np.empty_like(numbers)
    for i in range(numbers.size):
        found[i] = mix(numbers[i], start)
    return found
