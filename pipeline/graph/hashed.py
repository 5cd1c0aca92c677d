"""Domains as numbers that stay the same whatever other domains there are."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.graph.csr import Offsets
from pipeline.graph.mixing import Hashes


def hashed(names: pa.Array) -> Hashes:
    """uint64[n] of the names' bytes, alike wherever a name stands."""
    text = names.cast(pa.large_string())
    if not len(text):
        return np.empty(0, np.uint64)
    _, offsets, letters = text.buffers()
    starts = np.frombuffer(offsets, np.int64)[text.offset : text.offset + len(text) + 1]
    found: Hashes = _fnv(starts, np.frombuffer(letters, np.uint8))
    return found


@numba.njit(cache=True, nogil=True)
def _fnv(places: Offsets, letters: npt.NDArray[np.uint8]) -> Hashes:
    """Source: Fowler, Noll and Vo, FNV-1a, 64 bits."""
    found = np.empty(places.size - 1, np.uint64)
    for i in range(found.size):
        state = np.uint64(0xCBF29CE484222325)
        for j in range(places[i], places[i + 1]):
            state = (state ^ np.uint64(letters[j])) * np.uint64(0x100000001B3)
        found[i] = state
    return found
