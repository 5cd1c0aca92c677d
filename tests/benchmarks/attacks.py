"""Attacks planted in a graph, and what they gain by each score. Nothing here was found: all farms,
hijacked and bought links are planted, into graphs whose own spam is not known.

New domains have the ids from the graph's n on. `entries` are honest domains, distinct, whose link
the attacker got: into the farm, or to the target itself in `bought` and `exchange`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.graph.blocks import Scores
from pipeline.graph.csr import DomainGraph, from_edges
from pipeline.graph.dominators import dominators
from pipeline.graph.hyperball import harmonic_estimate, weighted_harmonic_estimate
from pipeline.graph.mixing import mixed
from pipeline.graph.ranks import pagerank, percentile, rank_of, trust, weighted_harmonic
from tests.benchmarks.likes import ahrefs_like, majestic_like
from tests.pipeline.graph.corpus import sources_of

Ids = npt.NDArray[np.int64]
Edges = list[tuple[Ids, Ids]]
CLIQUE = 100  # members who all link to each other; a larger farm is of several such
EXACT_BELOW = 1_000_000  # edges: beyond, wH is estimated as well, by HyperBall at log2m 8
WH, OTHERS = (
    "wH",
    ("PageRank", "harmonic", "in-degree", "TrustRank", "Ahrefs-like", "Majestic-like"),
)
NAMES = (WH, *OTHERS)


@dataclass(frozen=True, eq=False)
class Trial:
    """A target, and honest domains that could be made to link, in the order they are used.

    first: the id of the farm's first domain, where others are planted beside; the graph's n if not.
    """

    graph: DomainGraph
    target: int
    entries: Ids
    first: int | None = None

    def farm(self, size: int) -> Ids:
        return (self.graph.n if self.first is None else self.first) + np.arange(size)


Family = Callable[[Trial, int, int], Edges]  # trial, farm size, honest links


def star(trial: Trial, size: int, links: int) -> Edges:
    """Everyone links to the target; honest links go to members in turn ("hijacked")."""
    farm = trial.farm(size)
    entries = trial.entries[:links]
    return [(farm, _all(farm, trial.target)), (entries, farm[np.arange(links) % size])]


def loop(trial: Trial, size: int, links: int) -> Edges:
    """A star whose target links back to every member, so that no trust leaves."""
    farm = trial.farm(size)
    return [*star(trial, size, links), (_all(farm, trial.target), farm)]


def clique(trial: Trial, size: int, links: int) -> Edges:
    """A star of cliques: within each hundred, everyone links to everyone."""
    farm = trial.farm(size)
    i, j = np.meshgrid(np.arange(CLIQUE), np.arange(size))
    others = j - j % CLIQUE + i
    real = (others < size) & (others != j)
    return [*star(trial, size, links), (farm[j[real]], farm[others[real]])]


def tiered(trial: Trial, size: int, links: int) -> Edges:
    """Nine in ten link to ten of the rest each, who link to the target.

    Honest links go to the nine.
    """
    farm = trial.farm(size)
    near, far = farm[: size // 10], farm[size // 10 :]
    ways = (np.arange(10)[None, :] * 7 + np.arange(len(far))[:, None]) % len(near)
    return [
        (near, _all(near, trial.target)),
        (np.repeat(far, 10), near[ways].ravel()),
        (trial.entries[:links], far[np.arange(links) % len(far)]),
    ]


def pbn(trial: Trial, size: int, links: int) -> Edges:
    """A private network: every member has an honest link of its own, from its former life, and
    links to the target, two other members and three honest domains. `links` equals size."""
    farm = trial.farm(size)
    covers = mixed(np.arange(3 * size), trial.target) % np.uint64(trial.graph.n)
    return [
        (trial.entries[:links], farm[np.arange(links) % size]),
        (farm, _all(farm, trial.target)),
        (farm, np.roll(farm, 1)),
        (farm, np.roll(farm, 2)),
        (np.repeat(farm, 3), covers.astype(np.int64)),
    ]


def pbn_as_one(trial: Trial, size: int, links: int) -> Edges:
    """The same network, seen through its /24: its members are one domain."""
    one = trial.graph.n
    return [
        (np.minimum(sources, one), np.minimum(targets, one))
        for sources, targets in pbn(trial, size, links)
    ]


def old_names(trial: Trial, size: int, links: int) -> Edges:
    """A private network of names that were honest: three honest links into each, and from each to
    the target, another member and eight honest domains. Links are of `entries`, over and over."""
    farm, n = trial.farm(size), trial.graph.n
    covers = (mixed(np.arange(8 * size), trial.target) % np.uint64(n)).astype(np.int64)
    others = mixed(np.arange(size), trial.target + 1) % np.uint64(size)
    return [
        (np.resize(trial.entries[:links], 3 * size), np.repeat(farm, 3)),
        (farm, _all(farm, trial.target)),
        (farm, farm[others.astype(np.int64)]),
        (np.repeat(farm, 8), covers),
    ]


def hidden(trial: Trial, size: int, links: int) -> Edges:
    """A star whose members each link to six of the best-linked domains besides."""
    popular = np.argsort(-trial.graph.in_degree, kind="stable")[:2000]
    farm = trial.farm(size)
    covers = popular[
        (mixed(np.arange(6 * size), trial.target) % np.uint64(len(popular))).astype(int)
    ]
    return [*star(trial, size, links), (np.repeat(farm, 6), covers)]


def exchange(trial: Trial, size: int, links: int) -> Edges:
    """Honest domains link to the target and it to them."""
    entries = trial.entries[:links]
    return [(entries, _all(entries, trial.target)), (_all(entries, trial.target), entries)]


def bought(trial: Trial, size: int, links: int) -> Edges:
    """Honest domains link to the target."""
    entries = trial.entries[:links]
    return [(entries, _all(entries, trial.target))]


def planted(trial: Trial, family: Family, size: int, links: int) -> DomainGraph:
    """The graph with the attack in it, links weighing the same."""
    graph = trial.graph
    edges = [(sources_of(graph), graph.out_targets), *family(trial, size, links)]
    sources, targets = (np.concatenate([pair[end] for pair in edges]) for end in (0, 1))
    return from_edges(sources, targets, n=graph.n + size)


def trials(
    graph: DomainGraph, seeds: Ids, count: int, links: int, *, best: bool = False
) -> list[Trial]:
    """Weak targets, drawn: trust reaches them, one domain links to each, and their authority is
    from the 10th to the 40th percentile. Entries: from all who link and whom trust reaches, or
    from the best tenth of those by authority."""
    standing = Standing.of(graph, seeds, graph.n).percentiles[WH]
    reached = trust(graph, seeds) > 0
    weak = reached & (graph.in_degree == 1) & (standing > 10) & (standing < 40)
    linking = np.flatnonzero(reached & (graph.out_degree > 0))
    if best:
        linking = linking[standing[linking] >= np.percentile(standing[linking], 90)]
    chosen = _drawn(np.flatnonzero(weak), count, salt=1)
    return [
        Trial(graph, int(target), _drawn(_not_yet(graph, linking, target), links, salt=int(target)))
        for target in chosen
    ]


@dataclass(frozen=True, eq=False)
class Standing:
    """percentiles: by the name of the score, float64[k] of the first k domains among themselves."""

    percentiles: dict[str, Scores]

    @classmethod
    def of(cls, graph: DomainGraph, seeds: Ids, k: int) -> Standing:
        trusted, visits = trust(graph, seeds), pagerank(graph)
        exact = graph.m < EXACT_BELOW
        scores = {
            WH: weighted_harmonic(graph, trusted, hangs_on=dominators(graph, seeds))[0]
            if exact
            else weighted_harmonic_estimate(graph, trusted),
            "PageRank": visits,
            "harmonic": harmonic_estimate(graph),
            "in-degree": graph.in_degree.astype(np.float64),
            "TrustRank": trusted,
            "Ahrefs-like": ahrefs_like(graph),
            "Majestic-like": majestic_like(trusted, visits),
        }
        return cls({name: percentile(*rank_of(each[:k])) for name, each in scores.items()})


def gains(
    trial: Trial, family: Family, size: int, links: int, seeds: Ids, before: Standing
) -> dict[str, float]:
    """Percentile points that the target gains among the honest domains, by each score."""
    n = trial.graph.n
    after = Standing.of(planted(trial, family, size, links), seeds, n).percentiles
    return {
        name: float(after[name][trial.target] - before.percentiles[name][trial.target])
        for name in NAMES
    }


def _all(like: Ids, one: int) -> Ids:
    return np.full(len(like), one, dtype=np.int64)


def _drawn(ids: npt.NDArray[Any], count: int, salt: int) -> Ids:
    chosen: Ids = ids[np.argsort(mixed(ids, salt))][:count].astype(np.int64)
    return chosen


def _not_yet(graph: DomainGraph, ids: npt.NDArray[Any], target: int) -> npt.NDArray[Any]:
    linking = graph.in_sources[graph.in_offsets[target] : graph.in_offsets[target + 1]]
    others: npt.NDArray[Any] = ids[~np.isin(ids, linking) & (ids != target)]
    return others
