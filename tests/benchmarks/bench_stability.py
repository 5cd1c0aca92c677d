"""How well ranks hold when a tenth of the pages are gone, or the seeds are others.

Rank correlation (Spearman) of authority (wH) and of spam risk before and after, by how many domains
refer, less that of in-degree in the same run. A link of UK-1996 stands for a page there, so that an
edge goes when all of its pages do; a node of cnr-2000 is a page, and takes all its links along. Of
the seeds half are drawn from the 100 best-linked domains; in-degree has none.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.graph.blocks import Scores
from pipeline.graph.csr import DomainGraph, from_edges
from pipeline.graph.hyperball import weighted_harmonic_estimate
from pipeline.graph.mixing import mixed
from pipeline.graph.ranks import rank_of, trust, weighted_harmonic
from pipeline.quality.formula import load
from pipeline.quality.risk import KNOWN, evidence, rated
from tests.benchmarks.attacks import EXACT_BELOW, Ids
from tests.benchmarks.measure import Row, row
from tests.pipeline.graph.corpus import CNR, cnr_2000, in_corpus, power_law, sources_of, uk_1996

BUCKETS = ((1, 2), (2, 4), (4, 16), (16, 64), (64, 1 << 31))
GONE, SEEDS, POOL, WAYS = 0.1, 50, 100, 3
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
    before = scores(base.graph, base.seeds)
    dropped = [scores(thinned(base, draw), base.seeds) for draw in range(1, WAYS + 1)]
    other = [_authority(base.graph, redrawn(base.graph, draw)) for draw in range(1, WAYS + 1)]
    found = []
    for low, high in BUCKETS:
        chosen = (base.graph.in_degree >= low) & (base.graph.in_degree < high)
        where = f"{base.name}, {low} to {high - 1}" if high < 1 << 31 else f"{base.name}, {low} up"
        held = {
            name: float(np.mean([alike(before[name], one[name], chosen) for one in dropped]))
            for name in before
        }
        for name in before:
            if name != IN_DEGREE:
                note = f"{held[name]:.4f}; in-degree {held[IN_DEGREE]:.4f}"
                found.append(row(f"{where}: {name}, 10% of pages gone, less in-degree",
                                 held[name] - held[IN_DEGREE], "", note))  # fmt: skip
        again = float(np.mean([alike(before["wH"], one, chosen) for one in other]))
        found.append(row(f"{where}: wH, seeds redrawn", again, "", "rank correlation"))
    return found


def scores(graph: DomainGraph, seeds: Ids) -> dict[str, Scores]:
    points = rated(load(known=KNOWN), evidence(graph, seeds), graph).total
    return {
        "wH": _authority(graph, seeds),
        "spam risk": points.astype(np.float64),
        IN_DEGREE: graph.in_degree.astype(np.float64),
    }


def _authority(graph: DomainGraph, seeds: Ids) -> Scores:
    trusted = trust(graph, seeds)
    if graph.m < EXACT_BELOW:
        return weighted_harmonic(graph, trusted)[0]
    return weighted_harmonic_estimate(graph, trusted)


def thinned(base: Base, draw: int) -> DomainGraph:
    """Without a tenth of the pages, drawn; all domains stay."""
    graph, sources = base.graph, sources_of(base.graph)
    if base.pages is None:
        gone = _chance(np.arange(graph.n), draw) < GONE
        kept = ~gone[sources]
    else:
        kept = _chance(np.arange(graph.m), draw) >= GONE**base.pages
    return from_edges(sources[kept], graph.out_targets[kept], n=graph.n)


def redrawn(graph: DomainGraph, draw: int) -> Ids:
    pool = _best(graph, POOL)
    return np.sort(pool[np.argsort(mixed(pool, draw), kind="stable")][:SEEDS])


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
