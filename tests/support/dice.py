"""Random numbers by key, whole arrays at once: the same key gives the same number in any order.

Source: the output function of splitmix64, Steele et al. 2014.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mixed(x: Bits) -> Bits:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


class Dice:
    """One for each seed. `stream`: keeps apart what is drawn by the same keys."""

    def __init__(self, seed: int) -> None:
        self.seed = np.uint64(seed)

    def bits(self, stream: int, *keys: npt.NDArray[Any]) -> Bits:
        h = np.full(1, stream, np.uint64) * _GOLDEN + self.seed
        for key in keys:
            h = mixed(mixed(h) + key.astype(np.uint64) * _GOLDEN)
        return mixed(h)

    def below(self, count: int | Ints, stream: int, *keys: npt.NDArray[Any]) -> Ints:
        """Whole numbers from 0; `count` far below 2^53."""
        drawn: Ints = (self.uniform(stream, *keys) * count).astype(np.int64)
        return drawn

    def uniform(self, stream: int, *keys: npt.NDArray[Any]) -> Floats:
        """In [0, 1)."""
        drawn: Floats = (self.bits(stream, *keys) >> np.uint64(11)).astype(np.float64) * 2.0**-53
        return drawn


def zipf(uniform: Floats, count: int | Ints, exponent: float) -> Ints:
    """Ranks from 0 below `count`, by a power law; `exponent` below 1. Rises with `uniform`."""
    rest = 1.0 - exponent
    spread = (np.asarray(count, np.float64) + 1.0) ** rest - 1.0
    ranks = ((1.0 + uniform * spread) ** (1.0 / rest)).astype(np.int64) - 1
    drawn: Ints = np.minimum(np.maximum(ranks, 0), np.asarray(count, np.int64) - 1)
    return drawn
