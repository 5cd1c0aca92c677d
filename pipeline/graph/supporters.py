"""How many domains, or trusted ones, stand within two links of each."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from pipeline.graph.blocks import Mask, Offsets, Scores, blocks_of
from pipeline.graph.hyperball import Balls, refuse_size
from pipeline.graph.links import Graph, Links, following, start
from pipeline.graph.registers import of_members, per_estimate
from pipeline.graph.threads import at_most

WAYS = 1 << 12  # of one and two links to a domain; up to here its supporters are counted
SLOTS = 4 * WAYS
STEP = 0x9E3779B1  # 2^32 over the golden ratio: spreads neighbouring ids over the slots

Slots = npt.NDArray[np.int32]


def supporters(
    graph: Graph, member: Mask | None = None, *, log2m: int = 8, salt: int = 0
) -> tuple[Scores, Mask]:
    """How many other domains reach each by one or two links.

    member: bool[n], who counts, such as the trusted (who stands between needs not); all if None.
    log2m, salt: as in `harmonic_estimate`, for domains with more than 4,096 ways to them, whose
    supporters are estimated: the error is that of `harmonic_estimate`.
    Returns (float64[n], exact): exact is bool[n], True where they were counted.
    Time: a pass over the edges and at most 4,096 steps a domain; where any is estimated, two
    rounds over the edges and 2^(log2m + 1) bytes a domain more.
    Raises ValueError where log2m is out of range or the mask has another length.
    Source: Becchetti et al. 2006, "Link-based characterization and detection of web spam",
    section 3.4, where all are estimated.
    """
    refuse_size(log2m)
    chosen = np.ones(graph.n, dtype=np.bool_) if member is None else member
    if chosen.shape != (graph.n,) or chosen.dtype != np.bool_:
        raise ValueError(f"a mask of {graph.n} domains is needed")
    counts = np.full(graph.n, -1.0)
    blocks = blocks_of(graph.in_links)
    with at_most(len(blocks) - 1):
        _count(blocks, graph.in_links, chosen, counts)
    exact = counts >= 0
    if not exact.all():
        balls = Balls(graph, of_members(graph.n, log2m, salt, chosen), log2m)
        balls.round(0.0)
        balls.round(0.0)
        within = balls.size * per_estimate(log2m) - chosen
        counts[~exact] = np.maximum(within[~exact], 0.0)
    return counts, exact


@numba.njit(parallel=True, cache=True, nogil=True)
def _count(blocks: Offsets, links: Links, member: Mask, counts: Scores) -> None:
    """Counts what is met for the first time; leaves -1 where there are too many ways."""
    for block in numba.prange(blocks.size - 1):
        slots, used = np.full(SLOTS, -1, np.int32), np.empty(WAYS, np.int32)
        for t in range(blocks[block], blocks[block + 1]):
            ways = _degree(links, t)
            place, u = start(links, t)
            for j in range(links.offsets[t], links.offsets[t + 1]):
                if ways > WAYS:
                    break
                u, place = following(links, j, place, u)
                ways += _degree(links, u)
            if ways > WAYS:
                continue
            found = 0
            place, u = start(links, t)
            for j in range(links.offsets[t], links.offsets[t + 1]):
                u, place = following(links, j, place, u)
                found = _meet(u, t, member, slots, used, found)
                farther, v = start(links, u)
                for i in range(links.offsets[u], links.offsets[u + 1]):
                    v, farther = following(links, i, farther, v)
                    found = _meet(v, t, member, slots, used, found)
            for i in range(found):
                slots[used[i]] = -1
            counts[t] = found


@numba.njit(cache=True, nogil=True)
def _degree(links: Links, u: int) -> int:
    return int(links.offsets[u + 1] - links.offsets[u])


@numba.njit(cache=True, nogil=True)
def _meet(u: int, t: int, member: Mask, slots: Slots, used: Slots, found: int) -> int:
    """Puts u into its slot, or the next that is free, unless it is there."""
    if u == t or not member[u]:
        return found
    slot = (u * STEP >> 8) & (SLOTS - 1)
    while slots[slot] != -1:
        if slots[slot] == u:
            return found
        slot = (slot + 1) & (SLOTS - 1)
    slots[slot] = u
    used[found] = slot
    return found + 1
