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
from pipeline.graph.csr import DomainGraph, Integers, Offsets, Weights
from pipeline.graph.distances import add_up
from pipeline.graph.threads import at_most

Scores = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

BLOCK = 1 << 13  # edges and nodes a thread takes at a time; 2^15 took 10% longer on cnr-2000
TIE_BITS = 40  # of 53: scores nearer than 1 in 10^12 differ by the order of their sums


def pagerank(
    graph: DomainGraph,
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
    sweep = _Sweeps(graph, _teleport(graph.n, personal), damping)
    moved = np.inf
    with at_most(sweep.pieces):
        for _ in range(max_sweeps):
            moved = sweep()
            if moved <= tolerance:
                return sweep.scores
    raise DidNotConverge("pagerank", max_sweeps, moved)


def trust(
    graph: DomainGraph,
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
    chosen = _distinct(graph, seeds)
    personal = np.zeros(graph.n)
    personal[chosen] = 1.0
    return pagerank(
        graph, damping=damping, tolerance=tolerance, personal=personal, max_sweeps=max_sweeps
    )


def harmonic(graph: DomainGraph, *, sources: Integers | None = None) -> Scores:
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
    sample = _distinct(graph, sources)
    return add_up(graph, sample, np.ones(len(sample))) * (graph.n / len(sample))


def weighted_harmonic(
    graph: DomainGraph,
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
    weight = _weights_of_domains(graph.n, weight)
    if max_sources is not None and max_sources < 0:
        raise ValueError(f"max_sources is {max_sources}: it can't be negative")
    heaviest = np.argsort(-weight, kind="stable")[: np.count_nonzero(weight)][:max_sources]
    chosen = np.sort(heaviest)  # neighbours by name share most of a search
    if chosen.size == 0:
        return np.zeros(graph.n), 0.0
    covered = 1.0 if max_sources is None else float(weight[chosen].sum() / weight.sum())
    return add_up(graph, chosen, weight[chosen], hangs_on), min(covered, 1.0)


def rank_of(scores: Scores, valid: Mask | None = None) -> tuple[Scores, int]:
    """The place of every score, 1 the best, ties at their middle; and how many have one.

    scores: float64[k]; nan is unknown. valid: bool[k], False where a score must not count.
    Returns (float64[k], n): ranks from 1 to n, nan where unknown.
    Scores within 1 in 10^12 are ties: that is the rounding of long sums, and no reason.
    """
    known = ~np.isnan(scores)
    if valid is not None:
        known &= valid
    rounded = _without_noise(scores[known])
    _, place, size = np.unique(-rounded, return_inverse=True, return_counts=True)
    last = np.cumsum(size)
    ranks = np.full(len(scores), np.nan)
    ranks[known] = (last - (size - 1) / 2)[place]
    return ranks, int(known.sum())


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
    weight = _weights_of_domains(n, personal)
    total = weight.sum()
    if total == 0:
        raise ValueError("personal is 0 everywhere: nowhere to start from")
    share: Scores = weight / total
    return share


def _weights_of_domains(n: int, weight: npt.NDArray[Any]) -> Scores:
    known = np.asarray(weight, dtype=np.float64)
    if known.shape != (n,) or not bool(np.all((known >= 0) & np.isfinite(known))):
        raise ValueError(f"{n} weights are needed, one a domain, finite and not negative")
    return known


def _distinct(graph: DomainGraph, ids: Integers) -> Integers:
    chosen = np.unique(ids)
    if chosen.size == 0 or chosen[0] < 0 or chosen[-1] >= graph.n:
        raise ValueError(f"at least one id from 0 to {graph.n - 1} is needed")
    return chosen


def _without_noise(scores: Scores) -> Scores:
    mantissa, exponent = np.frexp(scores)
    rounded: Scores = np.ldexp(np.round(np.ldexp(mantissa, TIE_BITS)), exponent - TIE_BITS)
    return rounded


def _per_weight(graph: DomainGraph) -> Weights:
    """One over the weight of each domain's links; 0 where it has none (dangling)."""
    degree = graph.out_degree
    linking = degree > 0
    per_weight = np.zeros(graph.n)
    if graph.out_weights is None:
        per_weight[linking] = 1.0 / degree[linking]
    elif graph.m:
        starts = graph.out_offsets[:-1][linking]
        per_weight[linking] = 1.0 / np.add.reduceat(graph.out_weights, starts)
    return per_weight


def _blocks(graph: DomainGraph) -> Offsets:
    """Where blocks of about as many nodes and edges begin; by the graph, never by the threads."""
    work = graph.in_offsets + np.arange(graph.n + 1)
    marks = np.arange(0, work[-1], BLOCK)
    return np.unique(np.append(np.searchsorted(work, marks), graph.n))


class _Sweeps:
    """The state between two power iterations; calling it does one and says how far it moved."""

    def __init__(self, graph: DomainGraph, teleport: Scores, damping: float) -> None:
        self.teleport, self.damping = teleport, damping
        # Unsigned, numba need not look for negative indices: 15% of a sweep.
        self.offsets = graph.in_offsets.view(np.uint64)
        self.sources = graph.in_sources.view(np.uint32)
        self.weights = np.empty(0) if graph.in_weights is None else graph.in_weights
        self.per_weight = _per_weight(graph)
        self.blocks = _blocks(graph)
        self.pieces = len(self.blocks) - 1
        self.parts = np.empty((self.pieces, 2))
        self.scores = teleport.copy()
        self.shares, self.next_shares = teleport * self.per_weight, np.empty(graph.n)
        self.dangling = float(teleport[self.per_weight == 0].sum())

    def __call__(self) -> float:
        base = 1 - self.damping + self.damping * self.dangling
        _sweep(
            self.blocks, self.offsets, self.sources, self.weights, self.damping, base,
            self.teleport, self.per_weight, self.shares, self.next_shares, self.scores, self.parts,
        )  # fmt: skip
        self.shares, self.next_shares = self.next_shares, self.shares
        moved, self.dangling = (float(part) for part in self.parts.sum(axis=0))
        return moved


@numba.njit(parallel=True, cache=True, nogil=True)
def _sweep(
    blocks: Offsets,
    in_offsets: npt.NDArray[np.uint64],
    in_sources: npt.NDArray[np.uint32],
    in_weights: Weights,
    damping: float,
    base: float,
    teleport: Scores,
    per_weight: Weights,
    shares: Scores,
    next_shares: Scores,
    scores: Scores,
    parts: Scores,
) -> None:
    """One power iteration, in one pass over the edges. shares: score / weight of links out.

    parts: float64[blocks, 2], how far the scores moved and what is left at dangling domains.
    """
    for block in numba.prange(blocks.size - 1):
        moved, dangling = 0.0, 0.0
        for t in range(blocks[block], blocks[block + 1]):
            total = 0.0
            if in_weights.size == 0:
                for j in range(in_offsets[t], in_offsets[t + 1]):
                    total += shares[in_sources[j]]
            else:
                for j in range(in_offsets[t], in_offsets[t + 1]):
                    total += shares[in_sources[j]] * in_weights[j]
            score = damping * total + base * teleport[t]
            moved += abs(score - scores[t])
            scores[t] = score
            next_shares[t] = score * per_weight[t]
            if per_weight[t] == 0.0:
                dangling += score
        parts[block, 0], parts[block, 1] = moved, dangling
