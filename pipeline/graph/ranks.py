"""What the shape of the graph says of each domain: visits, nearness, trust, and their ranks.

Every score has the same bits whatever the number of threads: a node's sum is taken by one
thread in the order of its edges, and sums over nodes are taken block by block.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from pipeline.errors import DidNotConverge
from pipeline.graph.blocks import (
    Integers,
    Mask,
    Offsets,
    Scores,
    blocks_of,
    distinct,
    per_weight,
    weights_of_domains,
)
from pipeline.graph.distances import add_up
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
from pipeline.graph.threads import at_most

TIE_BITS = 40  # of 53: scores nearer than 1 in 10^12 differ by the order of their sums


def pagerank(
    graph: Graph,
    *,
    damping: float = 0.85,
    tolerance: float = 1e-9,
    personal: npt.NDArray[Any] | None = None,
    max_sweeps: int = 200,
) -> Scores:
    """Stationary visit probability of each domain.

    graph: n domains, m edges; a visitor follows a domain's edges in proportion to their weights.
    damping: the chance to follow a link, from 0 to below 1. tolerance: stops once a sweep moves
    no more than this in all (L1), which is within tolerance * damping / (1 - damping) of the end.
    personal: float64[n], not negative, in any unit: where a visitor who follows no link goes on;
    evenly if None. A domain that `personal` can't reach scores exactly 0.
    Returns float64[n], summing to 1 within rounding; empty for the empty graph.
    Raises DidNotConverge after `max_sweeps`, ValueError on settings that mean nothing.
    Source: Page et al. 1999, section 2.4; dangling mass goes where teleporting goes.
    """
    if not (0 <= damping < 1 and tolerance > 0):
        raise ValueError(f"damping {damping} must be in [0, 1), tolerance {tolerance} above 0")
    if graph.n == 0:
        return np.empty(0)
    sweep = Sweeps(graph, _teleport(graph.n, personal), damping)
    moved = np.inf
    with at_most(sweep.pieces):
        for _ in range(max_sweeps):
            moved = sweep()
            if moved <= tolerance:
                return sweep.scores
    raise DidNotConverge("pagerank", max_sweeps, moved)


def trust(
    graph: Graph,
    seeds: Integers,
    *,
    damping: float = 0.85,
    tolerance: float = 1e-9,
    max_sweeps: int = 200,
) -> Scores:
    """Stationary visit probability where every restart is at a trusted seed, all alike.

    seeds: ids, at least one; repeats count once.
    Returns float64[n] as `pagerank`; exactly 0 where no path from a seed leads.
    Raises DidNotConverge, and ValueError on no seed or an id out of range.
    Source: Gyöngyi et al. 2004, "Combating web spam with TrustRank", section 4.2.
    """
    chosen = distinct(graph, seeds)
    personal = np.zeros(graph.n)
    personal[chosen] = 1.0
    return pagerank(
        graph, damping=damping, tolerance=tolerance, personal=personal, max_sweeps=max_sweeps
    )


def harmonic(graph: Graph, *, sources: Integers | None = None) -> Scores:
    """How near all other domains are: the sum over u other than t of 1 / d(u, t).

    d(u, t): the fewest links from u to t; an unreachable pair adds 0. Edge weights play no part.
    sources: a sample of ids, drawn uniformly, to stand for all: its sums are scaled by n over
    its size, repeats counting once. None: exact, from every domain.
    Returns float64[n], from 0 to n-1.
    Raises ValueError on an empty sample or an id out of range.
    Source: Boldi and Vigna 2014, "Axioms for centrality", section 3.2.
    """
    if sources is None:
        return add_up(graph, np.arange(graph.n), np.ones(graph.n))
    sample = distinct(graph, sources)
    return add_up(graph, sample, np.ones(len(sample))) * (graph.n / len(sample))


def weighted_harmonic(
    graph: Graph,
    weight: npt.NDArray[Any],
    *,
    max_sources: int | None = None,
    hangs_on: npt.NDArray[np.int32] | None = None,
) -> tuple[Scores, float]:
    """How near the weight is: the sum over u other than t of weight[u] / d(u, t).

    weight: float64[n], not negative: trust, for authority (kept linear, never a rank or log).
    max_sources: search only from this many, the heaviest first, ties by id; then the scores are
    lower bounds. None: from all whose weight is above 0.
    hangs_on: int32[n] from `dominators`; then u has no part in the sum of a t that all paths from
    the seeds to u lead through: its trust is t's own, come round.
    Returns (float64[n], covered), covered being the share of the weight that was searched from:
    1 when all was, 0 when there was none to begin with.
    t's own weight is left out (d = 0 has no reciprocal): a trusted seed gets only what others'
    trust brings it, so that a score speaks of backlinks alone and none can vouch for itself. A
    seed that no trusted domain links to, even by a detour, scores 0.
    Raises ValueError on weights of another length, negative or not finite, or max_sources < 0.
    Source: DESIGN section 7; the measure is Boldi and Vigna's, weighted.
    """
    weight = weights_of_domains(graph.n, weight)
    if max_sources is not None and max_sources < 0:
        raise ValueError(f"max_sources is {max_sources}: it can't be negative")
    heaviest = np.argsort(-weight, kind="stable")[: np.count_nonzero(weight)][:max_sources]
    if heaviest.size == 0:
        return np.zeros(graph.n), 0.0
    covered = 1.0 if max_sources is None else float(weight[heaviest].sum() / weight.sum())
    # Who links to nobody is near to nobody. Neighbours by name share most of a search.
    chosen = np.sort(heaviest[graph.out_degree[heaviest] > 0])
    return add_up(graph, chosen, weight[chosen], hangs_on), min(covered, 1.0)


def rank_of(
    scores: Scores, valid: Mask | None = None, *, times: npt.NDArray[Any] | None = None
) -> tuple[Scores, int]:
    """The place of every score, 1 the best, ties at their middle; and how many have one.

    scores: float64[k]; nan is unknown. valid: bool[k], False where a score must not count.
    times: int64[k], how many have each score; None: one.
    Returns (float64[k], n): ranks from 1 to n, nan where unknown.
    Scores within 1 in 10^12 are ties: that is the rounding of long sums, and no reason.
    """
    known = ~np.isnan(scores)
    if valid is not None:
        known &= valid
    rounded = without_noise(scores[known])
    _, place, size = np.unique(-rounded, return_inverse=True, return_counts=True)
    if times is not None:
        size = np.bincount(place, times[known], len(size)).astype(np.int64)
    last = np.cumsum(size)
    ranks = np.full(len(scores), np.nan)
    ranks[known] = (last - (size - 1) / 2)[place]
    return ranks, int(size.sum())


def percentile(rank: Scores, n: int) -> Scores:
    """The percentage of the n-1 others that stand below, ties counting half: 100 is the best.

    rank: float64[k] from `rank_of`. Returns float64[k]; nan where unknown and where n < 2.
    """
    if n < 2:
        return np.full(len(rank), np.nan)
    return 100.0 * (n - rank) / (n - 1)


def authority(rank: Scores, n: int) -> Scores:
    """The number people see: 100 * (1 - ln rank / ln n), 100 for the best, 0 for the last.

    rank: float64[k] from `rank_of`. Returns float64[k]; nan where unknown and where n < 2.
    Source: DESIGN section 7.
    """
    if n < 2:
        return np.full(len(rank), np.nan)
    shown: Scores = np.maximum(100.0 * (1.0 - np.log(rank) / np.log(n)), 0.0)
    return shown


def _teleport(n: int, personal: npt.NDArray[Any] | None) -> Scores:
    if personal is None:
        return np.full(n, 1.0 / n)
    weight = weights_of_domains(n, personal)
    total = weight.sum()
    if total == 0:
        raise ValueError("personal is 0 everywhere: nowhere to start from")
    share: Scores = weight / total
    return share


def without_noise(scores: Scores) -> Scores:
    mantissa, exponent = np.frexp(scores)
    rounded: Scores = np.ldexp(np.round(np.ldexp(mantissa, TIE_BITS)), exponent - TIE_BITS)
    return rounded


class Sweeps:
    """The state between two power iterations; calling it does one and says how far it moved."""

    def __init__(self, graph: Graph, teleport: Scores, damping: float) -> None:
        self.teleport, self.damping = teleport, damping
        self.per_weight = per_weight(graph)
        self.links, self.place, linking = hot(graph)
        self.blocks = blocks_of(self.links)
        self.pieces = len(self.blocks) - 1
        self.parts = np.empty((self.pieces, 2))
        self.scores = teleport.copy()
        self.shares, self.next_shares = np.empty(linking + 1), np.empty(linking + 1)
        self.shares[self.place] = teleport * self.per_weight
        self.dangling = float(teleport[self.per_weight == 0].sum())

    def __call__(self) -> float:
        base = 1 - self.damping + self.damping * self.dangling
        _sweep(
            self.blocks, self.links, self.place, self.damping, base, self.teleport,
            self.per_weight, self.shares, self.next_shares, self.scores, self.parts,
        )  # fmt: skip
        self.shares, self.next_shares = self.next_shares, self.shares
        moved, self.dangling = (float(part) for part in self.parts.sum(axis=0))
        return moved


@numba.njit(parallel=True, cache=True, nogil=True)
def _sweep(
    blocks: Offsets, links: Links, places: UnsignedIds, damping: float, base: float,
    teleport: Scores, per_weight: Scores, shares: Scores, next_shares: Scores,
    scores: Scores, parts: Scores,
) -> None:  # fmt: skip
    """One power iteration, in one pass over the edges. shares: score / weight of links out.

    parts: float64[blocks, 2], how far the scores moved and what is left at dangling domains.
    """
    for block in numba.prange(blocks.size - 1):
        moved, dangling = 0.0, 0.0
        for t in range(blocks[block], blocks[block + 1]):
            total = 0.0
            place, u = start(links, t)
            if has_weights(links):
                for j in range(links.offsets[t], links.offsets[t + 1]):
                    u, place = following(links, j, place, u)
                    total += shares[u] * weight_of(links, j)
            else:
                for j in range(links.offsets[t], links.offsets[t + 1]):
                    u, place = following(links, j, place, u)
                    total += shares[u]
            score = damping * total + base * teleport[t]
            moved += abs(score - scores[t])
            scores[t] = score
            if per_weight[t] == 0.0:
                dangling += score
            else:
                next_shares[places[t]] = score * per_weight[t]
        parts[block, 0], parts[block, 1] = moved, dangling
