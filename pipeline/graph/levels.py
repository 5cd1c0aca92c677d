"""How many links each domain is away from 64 sources at a time: a byte each, side by side.

The searches of `distances`, for who must combine the distances of several domains.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from pipeline.graph.distances import BATCH, Bits, Ids, bar, onward
from pipeline.graph.links import Graph, Links
from pipeline.graph.threads import at_most

FAR = 255  # not reached, or by no way of fewer than 255 links
LANE_BYTES = 1 << 30
MOST_LANES, FEWEST_LANES = 8, 2
LANE = 112  # bytes a domain: its levels, and what a search takes

Levels = npt.NDArray[np.uint8]
On = npt.NDArray[np.int32]


def lanes_for(n: int) -> int:
    """How many batches are searched from at a time; by the graph, never by the threads."""
    return min(MOST_LANES, max(FEWEST_LANES, LANE_BYTES // (LANE * max(n, 1))))


class Searches:
    """Room for some batches of searches, and what the last ones found.

    levels: uint8[lanes, n, BATCH], links from each of a batch's sources to each domain, FAR beyond.
    barred: uint64[lanes, n], a bit a source: it does not count for the domain, since it is the
    domain itself or hangs on it.
    """

    def __init__(self, graph: Graph, lanes: int, hangs_on: On | None) -> None:
        self.graph = graph
        self.levels = np.empty((lanes, graph.n, BATCH), np.uint8)
        self.barred = np.empty((lanes, graph.n), np.uint64)
        self.on = np.empty(0, np.int32) if hangs_on is None else hangs_on

    def search(self, sources: Ids) -> None:
        """From lanes * BATCH sources at most, distinct ids."""
        lanes = -(-len(sources) // BATCH)
        with at_most(lanes):
            _search(
                self.graph.out_links, self.graph.in_links,
                sources, self.on, self.levels[:lanes], self.barred[:lanes],
            )  # fmt: skip


@numba.njit(parallel=True, cache=True, nogil=True)
def _search(
    out_links: Links, in_links: Links, sources: Ids, on: On,
    levels: Levels, barred: Bits,
) -> None:  # fmt: skip
    lanes, n = barred.shape
    for lane in numba.prange(lanes):
        some = sources[lane * BATCH : min((lane + 1) * BATCH, sources.size)]
        words = np.zeros((3, n), np.uint64)
        lists = np.empty((2, n), np.uint32)
        levels[lane] = np.uint8(FAR)
        barred[lane] = np.uint64(0)
        bar(some, on, barred[lane], True)
        _from_batch(out_links, in_links, some, levels[lane], barred[lane], words, lists)


@numba.njit(cache=True, nogil=True)
def _from_batch(
    out_links: Links, in_links: Links, sources: Ids,
    levels: Levels, barred: Bits, words: Bits, lists: npt.NDArray[np.uint32],
) -> None:  # fmt: skip
    """One search. words: seen, near (this level), far (the next), all 0 before."""
    seen, near, far = words[0], words[1], words[2]
    here, there = lists[0], lists[1]
    everyone = np.uint64(0)
    for bit in range(sources.size):
        mark = np.uint64(1) << np.uint64(bit)
        everyone |= mark
        seen[sources[bit]] = near[sources[bit]] = mark
        barred[sources[bit]] |= mark
        levels[sources[bit], bit] = 0
        here[bit] = sources[bit]
    size, level = sources.size, 1
    while size > 0 and level < FAR:
        found = onward(out_links, in_links, here[:size], everyone, seen, near, far, there)
        for i in range(found):
            t = there[i]
            seen[t] |= far[t]
            _write(levels[t], far[t], np.uint8(level))
        near, far, here, there = far, near, there, here
        size = found
        level += 1


@numba.njit(cache=True, nogil=True)
def _write(row: Levels, bits: np.uint64, level: np.uint8) -> None:
    for bit in range(BATCH):
        if bits >> np.uint64(bit) & np.uint64(1):
            row[bit] = level
