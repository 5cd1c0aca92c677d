"""How far a domain is trusted, whichever of the seeds one happens to have, and how near to one."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from pipeline.errors import DidNotConverge
from pipeline.graph.blocks import (
    Integers,
    Offsets,
    Scores,
    blocks_of,
    distinct,
    per_weight,
    receive,
)
from pipeline.graph.hot import hot
from pipeline.graph.links import (
    Graph,
    Links,
    UnsignedIds,
    following,
    has_weights,
    start,
    weight_of,
)
from pipeline.graph.mixing import mixed
from pipeline.graph.ranks import pagerank, trust
from pipeline.graph.threads import at_most

LANES = 8  # draws walked together: their scores at a domain share one line of the cache
UNREACHED = -1

Bits = npt.NDArray[np.uint8]
Distances = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class RedrawnTrust:
    """mean: float64[n], summing to 1. spread: float64[n], the standard deviation of a draw;
    nan everywhere if there was but one seed, since nothing can be said then."""

    mean: Scores
    spread: Scores


def redrawn_trust(
    graph: Graph,
    seeds: Integers,
    *,
    draws: int = 16,
    salt: int = 0,
    damping: float = 0.85,
    tolerance: float = 1e-9,
    max_sweeps: int = 200,
) -> RedrawnTrust:
    """The mean and spread of `trust` over redrawn halves of the seeds.

    draws: how many, an even number. The seeds are cut into two halves at random, draws / 2
    times, and either half is a draw (of an odd number, the second half has one more): so every
    seed is in just half of the draws, and no draw is worse off than another. The spread over
    halves estimates the standard error of trust from all the seeds.
    salt: another one gives other cuts. They go by the place of a seed among the seeds, so a
    domain that is new in the graph does not recut them.
    Time: draws / 8 times that of two to three `trust`s. Memory: 192 bytes a domain.
    Raises DidNotConverge, and ValueError on no seed, an id out of range or odd draws.
    Source: TrustRank as in `trust`; complementary halves as in Shah and Samworth 2013, and
    half-samples for the standard error as in McCarthy 1969.
    """
    chosen = distinct(graph, seeds)
    _refuse_odd(draws)
    if len(chosen) == 1:
        alone = trust(graph, chosen, damping=damping, tolerance=tolerance, max_sweeps=max_sweeps)
        return RedrawnTrust(alone, np.full(graph.n, np.nan))
    halves = _halves(len(chosen), draws, salt)
    total, squares = np.zeros(graph.n), np.zeros(graph.n)
    centre: Scores | None = None
    for first in range(0, draws, LANES):
        some = halves[first : first + LANES]
        walked = _walked(graph, chosen, some, damping, tolerance, max_sweeps)[:, : len(some)]
        # About the first draws' mean: the squares of small differences keep their digits.
        centre = walked.mean(axis=1) if centre is None else centre
        off = walked - centre[:, None]
        total += off.sum(axis=1)
        squares += (off * off).sum(axis=1)
    assert centre is not None
    variance = np.maximum(squares / draws - (total / draws) ** 2, 0.0)
    return RedrawnTrust(centre + total / draws, np.sqrt(variance))


def mean_trust(
    graph: Graph,
    seeds: Integers,
    *,
    draws: int = 16,
    salt: int = 0,
    damping: float = 0.85,
    tolerance: float = 1e-9,
    max_sweeps: int = 200,
) -> Scores:
    """The mean of `redrawn_trust` alone, which takes one walk and not one a draw.

    A half's trust is that of its seeds in equal parts, over the visits that a walk from them pays
    before it starts anew. So the mean is the trust of all seeds, each in proportion to the sum of
    one over that, of the halves that it is in.
    Time: that of two `trust`s. Raises as `redrawn_trust`.
    """
    chosen = distinct(graph, seeds)
    _refuse_odd(draws)
    alike = np.ones(len(chosen))
    if len(chosen) > 1:
        visits = _visits(graph, damping, tolerance, max_sweeps)[chosen]
        halves = _halves(len(chosen), draws, salt)
        alike = (halves / (halves @ visits)[:, None]).sum(axis=0)
    personal = np.zeros(graph.n)
    personal[chosen] = alike
    return pagerank(
        graph, damping=damping, tolerance=tolerance, personal=personal, max_sweeps=max_sweeps
    )


def _visits(graph: Graph, damping: float, tolerance: float, max_sweeps: int) -> Scores:
    """float64[n]: how many domains a walk from each one visits, before it starts anew."""
    links, shares = graph.out_links, damping * per_weight(graph)
    blocks, weighted = blocks_of(links), has_weights(links)
    found, received = np.ones(graph.n), np.empty(graph.n)
    moved = np.inf
    with at_most(len(blocks) - 1):
        for _ in range(max_sweeps):
            receive(blocks, links, weighted, found, received)
            then = 1.0 + shares * received
            moved = float(np.abs(then - found).max())
            found = then
            if moved <= tolerance:
                return found
    raise DidNotConverge("visits", max_sweeps, moved)


def seed_distance(graph: Graph, seeds: Integers) -> Distances:
    """int32[n]: the fewest links from any seed to each domain; 0 at a seed, -1 where none leads.

    Raises ValueError on no seed or an id out of range. Time: one pass over the edges.
    """
    chosen = distinct(graph, seeds)
    found: Distances = _from_any(graph.out_links, chosen)
    return found


def _refuse_odd(draws: int) -> None:
    if draws < 2 or draws % 2:
        raise ValueError(f"draws is {draws}: an even number from 2 is needed")


def _halves(seeds: int, draws: int, salt: int) -> npt.NDArray[np.bool_]:
    """bool[draws, seeds]: who is in which draw; draw 2i + 1 is what 2i left."""
    places = np.arange(seeds)
    halves = np.zeros((draws, seeds), dtype=np.bool_)
    for cut in range(draws // 2):
        order = np.argsort(mixed(places, salt * draws + cut), kind="stable")
        halves[2 * cut, order[: seeds // 2]] = True
        halves[2 * cut + 1, order[seeds // 2 :]] = True
    return halves


def _walked(
    graph: Graph,
    seeds: Integers,
    halves: npt.NDArray[np.bool_],
    damping: float,
    tolerance: float,
    max_sweeps: int,
) -> Scores:
    """float64[n, LANES]: trust by each half, side by side; lanes beyond the halves are idle."""
    walk = _Walk(graph, seeds, halves, damping)
    moved = np.inf
    with at_most(walk.pieces):
        for _ in range(max_sweeps):
            moved = walk()
            if moved <= tolerance:
                return walk.scores
    raise DidNotConverge("redrawn trust", max_sweeps, moved)


class _Walk:
    """The state between two sweeps; calling it does one and says how far any draw moved."""

    def __init__(
        self, graph: Graph, seeds: Integers, halves: npt.NDArray[np.bool_], damping: float
    ) -> None:
        self.damping = damping
        self.per_weight = per_weight(graph)
        self.links, self.place, linking = hot(graph)
        self.blocks = blocks_of(self.links)
        self.pieces = len(self.blocks) - 1
        self.parts = np.empty((self.pieces, 2, LANES))
        self.member = np.zeros(graph.n, dtype=np.uint8)
        self.share = np.zeros(LANES)  # of a restart, that one seed of the half gets
        self.scores = np.zeros((graph.n, LANES))
        for lane, half in enumerate(halves):
            self.member[seeds[half]] |= np.uint8(1 << lane)
            self.share[lane] = 1 / np.count_nonzero(half)
            self.scores[seeds[half], lane] = self.share[lane]
        self.shares, self.next_shares = (np.zeros((linking + 1, LANES)) for _ in range(2))
        self.shares[self.place[seeds]] = self.scores[seeds] * self.per_weight[seeds, None]
        self.dangling: Scores = self.scores[self.per_weight == 0].sum(axis=0)

    def __call__(self) -> float:
        restart = (1 - self.damping + self.damping * self.dangling) * self.share
        _sweep(
            self.blocks, self.links, self.place, self.damping, restart, self.member,
            self.per_weight, self.shares, self.next_shares, self.scores, self.parts,
        )  # fmt: skip
        self.shares, self.next_shares = self.next_shares, self.shares
        moved, self.dangling = self.parts.sum(axis=0)
        return float(moved.max())


@numba.njit(parallel=True, cache=True, nogil=True)
def _sweep(
    blocks: Offsets, links: Links, places: UnsignedIds, damping: float, restart: Scores,
    member: Bits, per_weight: Scores, shares: Scores, next_shares: Scores,
    scores: Scores, parts: Scores,
) -> None:  # fmt: skip
    """One power iteration of every lane, in one pass over the edges.

    member: a bit a lane, set at that draw's seeds. parts: float64[blocks, 2, LANES], how far the
    scores moved and what is left at dangling domains.
    """
    for block in numba.prange(blocks.size - 1):
        parts[block] = 0.0
        total = np.empty(LANES)
        for t in range(blocks[block], blocks[block + 1]):
            total[:] = 0.0
            place, u = start(links, t)
            for j in range(links.offsets[t], links.offsets[t + 1]):
                u, place = following(links, j, place, u)
                weight = weight_of(links, j) if has_weights(links) else 1.0
                for lane in range(LANES):
                    total[lane] += shares[u, lane] * weight
            for lane in range(LANES):
                score = damping * total[lane]
                if member[t] >> lane & 1:
                    score += restart[lane]
                parts[block, 0, lane] += abs(score - scores[t, lane])
                scores[t, lane] = score
                if per_weight[t] == 0.0:
                    parts[block, 1, lane] += score
                else:
                    next_shares[places[t], lane] = score * per_weight[t]


@numba.njit(cache=True, nogil=True)
def _from_any(links: Links, seeds: Integers) -> Distances:
    distance = np.full(links.offsets.size - 1, UNREACHED, np.int32)
    queue = np.empty(links.offsets.size - 1, np.int32)
    size = 0
    for seed in seeds:
        distance[seed] = 0
        queue[size] = seed
        size += 1
    done = 0
    while done < size:
        u = queue[done]
        done += 1
        place, t = start(links, u)
        for j in range(links.offsets[u], links.offsets[u + 1]):
            t, place = following(links, j, place, t)
            if distance[t] == UNREACHED:
                distance[t] = distance[u] + 1
                queue[size] = t
                size += 1
    return distance
