"""Numbers that look drawn by chance and are the same on every machine and in every release.

numpy's generators may change their streams between releases; a snapshot must not.
Source: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators", the
finalizer of SplitMix64 (Stafford's variant 13).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipeline.graph.csr import Integers

Hashes = npt.NDArray[np.uint64]

STEP = 0x9E3779B97F4A7C15  # 2^64 over the golden ratio, as the source has it


def mixed(numbers: Integers, salt: int) -> Hashes:
    """uint64[k], one for each number: distinct for distinct numbers under the same salt."""
    start = np.uint64(_mixed_one(salt))
    return _finish(numbers.astype(np.uint64) * np.uint64(STEP) + start)


def drawn(numbers: Integers, salt: int) -> npt.NDArray[np.float64]:
    """float64[k] above 0 and below 1, evenly spread: the middles of 2^52 steps."""
    steps = (mixed(numbers, salt) >> np.uint64(12)).astype(np.float64)
    middles: npt.NDArray[np.float64] = (steps + 0.5) * 2.0**-52
    return middles


def _mixed_one(salt: int) -> int:
    return int(_finish(np.array([salt % 2**64], dtype=np.uint64) + np.uint64(STEP))[0])


def _finish(state: Hashes) -> Hashes:
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
