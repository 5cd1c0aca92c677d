"""How well ranks hold when a tenth of the pages are gone, and when the seeds are others.

Rank correlation (Spearman) before and after, by how many domains refer. Both are done apart:

Pages gone, seeds kept. A link of UK-1996 stands for a page there, so that an edge goes when all of
its pages do; a node of cnr-2000 is a page, and takes all its links along. Told less what is
in-degree's own in the same run: of authority (wH), as the score takes it; of the same with the
trust of before, so that distances alone move; by the trust of a thousand seeds; and by trust that
all domains have alike (harmonic centrality), which hangs on no seed at all. And of spam risk.

Seeds redrawn, pages kept. In-degree has none. The accepted seeds are the 100 best-linked domains.
The score takes the mean over halves of them: here over other halves (`salt`); by one half of them
alone in place of all; and by the other half in place of one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.graph.blocks import Scores
from pipeline.graph.csr import DomainGraph, from_edges
from pipeline.graph.dominators import dominators
from pipeline.graph.mixing import mixed
from pipeline.graph.ranks import rank_of
from pipeline.graph.sampled import weighted_harmonic_sampled
from pipeline.graph.trusted import mean_trust
from pipeline.quality.formula import load
from pipeline.quality.risk import KNOWN, evidence, rated
from pipeline.settings import ScoreSettings
from tests.benchmarks.attacks import Ids
from tests.benchmarks.measure import Row, row
from tests.pipeline.graph.corpus import CNR, cnr_2000, in_corpus, power_law, sources_of, uk_1996

BUCKETS = ((1, 2), (2, 4), (4, 16), (16, 64), (64, 1 << 31))
GONE, SEEDS, POOL, MANY, WAYS = 0.1, 50, 100, 1000, 3
SEARCHES = ScoreSettings().sources
IN_DEGREE = "in-degree"

Numbers = npt.NDArray[np.float64]


class Base(NamedTuple):
    """pages: of each edge, how many pages bear it; None where a node is a page."""

    name: str
    graph: DomainGraph
    pages: Numbers | None

    @property
    def seeds(self) -> Ids:
        return _best(self.graph, SEEDS)


def bases() -> list[Base]:
    if not in_corpus(CNR).exists():
        return [Base("drawn", power_law(20_000, 80_000), None)]
    hosts = uk_1996()
    plain = from_edges(sources_of(hosts), hosts.out_targets, n=hosts.n)
    return [Base("UK-1996", plain, hosts.out_weights), Base("cnr-2000", cnr_2000(), None)]


def run() -> list[Row]:
    return [each for base in bases() for each in rows(base)]


def rows(base: Base) -> list[Row]:
    return [*pages_gone(base), *seeds_redrawn(base)]


def pages_gone(base: Base) -> list[Row]:
    """A row a bucket and score: its correlation less that of in-degree, the mean over draws."""
    kept = mean_trust(base.graph, base.seeds)
    before = scores(base, base.graph, kept)
    after = [scores(base, thinned(base, draw), kept) for draw in range(1, WAYS + 1)]
    found = []
    for where, chosen in buckets(base):
        held = {
            name: float(np.mean([alike(before[name], one[name], chosen) for one in after]))
            for name in before
        }
        found += [
            row(f"{where}: {name}, 10% of pages gone, less in-degree", each - held[IN_DEGREE], "",
                f"{each:.4f}; in-degree {held[IN_DEGREE]:.4f}")
            for name, each in held.items() if name != IN_DEGREE
        ]  # fmt: skip
    return found


def seeds_redrawn(base: Base) -> list[Row]:
    """A row a bucket and way of redrawing: the correlation, the mean over draws."""
    graph, accepted = base.graph, _best(base.graph, POOL)
    whole = authority(graph, accepted)
    halves = [halves_of(accepted, draw) for draw in range(1, WAYS + 1)]
    by_half = [[authority(graph, half) for half in two] for two in halves]
    pairs = {
        "over other halves": [(whole, authority(graph, accepted, salt=s)) for s in (1, 2)],
        "half of them": [(whole, one) for one, _ in by_half],
        "the other half": [(one, other) for one, other in by_half],
    }
    return [
        row(f"{where}: wH, seeds redrawn: {way}",
            float(np.mean([alike(*two, chosen) for two in each])), "", "rank correlation")
        for where, chosen in buckets(base) for way, each in pairs.items()
    ]  # fmt: skip


def buckets(base: Base) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    """What each is called, and bool[n], who is in it."""
    linked = base.graph.in_degree
    return [
        (f"{base.name}, {low} to {high - 1}" if high < 1 << 31 else f"{base.name}, {low} up",
         (linked >= low) & (linked < high))
        for low, high in BUCKETS
    ]  # fmt: skip


def scores(base: Base, graph: DomainGraph, trust: Scores) -> dict[str, Scores]:
    """graph: the base's, or what is left of it. trust: that of the whole base."""
    many, seeds = _best(base.graph, MANY), base.seeds
    points = rated(load(known=KNOWN), evidence(graph, seeds), graph).total
    return {
        "wH": authority(graph, seeds),
        "wH, trust kept": searched(graph, trust),
        "wH, 1,000 seeds": authority(graph, many),
        "all alike": searched(graph, np.full(graph.n, 1 / graph.n), searches=4 * SEARCHES),
        "spam risk": points.astype(np.float64),
        IN_DEGREE: graph.in_degree.astype(np.float64),
    }


def authority(graph: DomainGraph, seeds: Ids, *, salt: int = 0) -> Scores:
    """As the score takes it. salt: of the halves."""
    trusted = mean_trust(graph, seeds, salt=salt)
    return searched(graph, trusted, dominators(graph, seeds))


def searched(
    graph: DomainGraph,
    weight: Scores,
    on: npt.NDArray[np.int32] | None = None,
    *,
    searches: int = SEARCHES,
) -> Scores:
    """Exact where no more than are searched from have weight and link."""
    return weighted_harmonic_sampled(graph, weight, searches, hangs_on=on)


def thinned(base: Base, draw: int) -> DomainGraph:
    """Without a tenth of the pages, drawn; all domains stay."""
    graph, sources = base.graph, sources_of(base.graph)
    if base.pages is None:
        gone = _chance(np.arange(graph.n), draw) < GONE
        kept = ~gone[sources]
    else:
        kept = _chance(np.arange(graph.m), draw) >= GONE**base.pages
    return from_edges(sources[kept], graph.out_targets[kept], n=graph.n)


def halves_of(seeds: Ids, draw: int) -> tuple[Ids, Ids]:
    order = np.argsort(mixed(seeds, draw), kind="stable")
    one, other = seeds[order[: len(seeds) // 2]], seeds[order[len(seeds) // 2 :]]
    return np.sort(one), np.sort(other)


def alike(one: Scores, other: Scores, chosen: npt.NDArray[np.bool_]) -> float:
    """Spearman's rank correlation among the chosen; 1 where neither tells any apart, else 0 where
    one of them does not."""
    ranks = rank_of(one[chosen])[0], rank_of(other[chosen])[0]
    flat = [len(each) < 2 or np.ptp(each) == 0 for each in ranks]
    return float(all(flat)) if any(flat) else float(np.corrcoef(*ranks)[0, 1])


def _chance(numbers: Ids, draw: int) -> Numbers:
    """float64[k] from 0 to below 1, as drawn."""
    return (mixed(numbers, draw) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _best(graph: DomainGraph, count: int) -> Ids:
    return np.argsort(-graph.in_degree, kind="stable")[:count].astype(np.int64)


if __name__ == "__main__":
    for each in bases():
        for figure in rows(each):
            print(f"{figure['name']:<66}{figure['value']:>8.4f} {figure['note']}", flush=True)
