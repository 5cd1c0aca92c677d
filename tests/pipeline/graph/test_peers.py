"""Agreement with networkit and igraph, on drawn graphs and on the corpus's real ones.

Their conventions, matched here: networkit drops the mass of dangling domains unless told to
distribute it, stops by the L2 norm unless told otherwise, and measures closeness outwards (so it
gets the links turned round). igraph spreads dangling mass as the restart, at a fixed tolerance
of 1e-10; its closeness takes a direction. Neither divides by n-1 here.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import igraph
import networkit
import numpy as np
import numpy.typing as npt
import pytest

from pipeline.graph.components import strong_components
from pipeline.graph.csr import DomainGraph, from_edges
from pipeline.graph.ranks import harmonic, pagerank, percentile, rank_of, trust, weighted_harmonic
from pipeline.graph.trusted import redrawn_trust
from tests.pipeline.graph.corpus import cnr_2000, polblogs, power_law, sources_of, uk_1996
from tests.pipeline.graph.test_packed import packed

pytestmark = pytest.mark.long

Floats = npt.NDArray[np.float64]


def in_igraph(graph: DomainGraph) -> Any:
    peer = igraph.Graph(
        n=graph.n, edges=np.column_stack([sources_of(graph), graph.out_targets]), directed=True
    )
    if graph.out_weights is not None:
        peer.es["weight"] = graph.out_weights
    return peer


def in_networkit(graph: DomainGraph, *, turned: bool = False) -> Any:
    ends = sources_of(graph).astype(np.uint64), graph.out_targets.astype(np.uint64)
    weights = np.ones(graph.m) if graph.out_weights is None else graph.out_weights
    return networkit.GraphFromCoo(
        (weights, ends[::-1] if turned else ends), n=graph.n, directed=True, weighted=not turned
    )


def igraph_pagerank(graph: DomainGraph, reset: list[int] | None = None) -> Floats:
    weights = None if graph.out_weights is None else "weight"
    return np.array(
        in_igraph(graph).personalized_pagerank(damping=0.85, reset_vertices=reset, weights=weights)
    )


def networkit_pagerank(graph: DomainGraph) -> Floats:
    spread = networkit.centrality.SinkHandling.DistributeSinks
    peer = networkit.centrality.PageRank(in_networkit(graph), 0.85, 1e-9, False, spread)
    peer.norm = networkit.centrality.Norm.L1_NORM
    return np.array(peer.run().scores())


def igraph_harmonic(graph: DomainGraph, domains: list[int] | None = None) -> Floats:
    peer = in_igraph(graph)
    return np.array(peer.harmonic_centrality(domains, mode="in", normalized=False))


@cache
def cnr() -> DomainGraph:
    return cnr_2000()


@cache
def uk() -> DomainGraph:
    return uk_1996()


DRAWN = [power_law(2000, 12_000), power_law(2000, 12_000, weighted=True, seed=2)]


@pytest.mark.parametrize("graph", DRAWN)
def test_pagerank_agrees_on_drawn_graphs(graph: DomainGraph) -> None:
    scores = pagerank(graph)
    assert np.abs(scores - igraph_pagerank(graph)).sum() < 1e-8
    assert np.abs(scores - networkit_pagerank(graph)).sum() < 1e-8


@pytest.mark.parametrize("graph", DRAWN)
def test_trust_agrees_on_drawn_graphs(graph: DomainGraph) -> None:
    seeds = [3, 5, 1000]
    assert np.abs(trust(graph, np.array(seeds)) - igraph_pagerank(graph, seeds)).sum() < 1e-8


@pytest.mark.parametrize("graph", DRAWN)
def test_harmonic_agrees_on_drawn_graphs(graph: DomainGraph) -> None:
    peer = networkit.centrality.HarmonicCloseness(in_networkit(graph, turned=True), False)
    scores = harmonic(graph)
    assert scores == pytest.approx(np.array(peer.run().scores()), rel=1e-9)
    assert scores == pytest.approx(igraph_harmonic(graph), rel=1e-9)


def test_weighted_harmonic_agrees_with_igraphs_distances() -> None:
    graph = DRAWN[0]
    weight = np.random.default_rng(7).random(graph.n)
    distances = np.array(in_igraph(graph).distances())  # inf where unreachable
    np.fill_diagonal(distances, np.inf)
    assert weighted_harmonic(graph, weight)[0] == pytest.approx(weight @ (1 / distances), rel=1e-9)


@pytest.mark.corpus
def test_pagerank_agrees_on_cnr_2000() -> None:
    scores = pagerank(cnr())
    assert float(scores.sum()) == pytest.approx(1, abs=1e-9)
    for peer in (igraph_pagerank(cnr()), networkit_pagerank(cnr())):
        assert np.abs(scores - peer).sum() < 1e-6  # in all, and so for each
        assert np.abs(scores / peer - 1).max() < 1e-6


@pytest.mark.corpus
def test_packed_links_of_cnr_2000_are_ranked_bit_for_bit() -> None:
    plain, small = cnr(), packed(cnr(), 1_000_000, 1_000_000)
    assert pagerank(small).tobytes() == pagerank(plain).tobytes()
    assert strong_components(small).of.tobytes() == strong_components(plain).of.tobytes()
    assert len(small.in_links.gaps) / small.m < 2, "neighbours by name are near"


@pytest.mark.corpus
def test_packed_links_of_uk_1996_are_ranked_bit_for_bit() -> None:
    plain, small = uk(), packed(uk(), 100_000, 100_000)
    assert small.out_links.codes.size == small.m
    assert pagerank(small).tobytes() == pagerank(plain).tobytes()
    seeds = np.argsort(-plain.in_degree, kind="stable")[:20]
    drawn, same = (redrawn_trust(graph, seeds) for graph in (plain, small))
    assert drawn.mean.tobytes() == same.mean.tobytes()
    assert drawn.spread.tobytes() == same.spread.tobytes()


@pytest.mark.corpus
def test_sampled_harmonic_agrees_on_cnr_2000() -> None:
    # Turned round, one source's distances are those that igraph takes for one domain.
    turned = from_edges(cnr().out_targets, sources_of(cnr()), n=cnr().n)
    chosen = list(range(0, cnr().n, 10_000))
    weight = np.zeros(cnr().n)
    weight[chosen] = 1 / len(chosen)
    scores, covered = weighted_harmonic(turned, weight)
    assert covered == 1
    of_all = igraph_harmonic(cnr(), chosen)
    assert float(scores.sum()) == pytest.approx(of_all.mean(), rel=1e-9)


@pytest.mark.corpus
def test_harmonic_agrees_on_polblogs_with_networkit() -> None:
    graph = polblogs()
    peer = networkit.centrality.HarmonicCloseness(in_networkit(graph, turned=True), False)
    assert harmonic(graph) == pytest.approx(np.array(peer.run().scores()), rel=1e-9)


@pytest.mark.corpus
def test_harmonic_agrees_on_uk_1996_with_igraph() -> None:
    assert harmonic(uk()) == pytest.approx(igraph_harmonic(uk()), rel=1e-9)


@pytest.mark.corpus
def test_weighted_pagerank_agrees_on_uk_1996() -> None:
    scores = pagerank(uk())
    assert np.abs(scores - igraph_pagerank(uk())).sum() < 1e-6
    assert np.abs(scores - networkit_pagerank(uk())).sum() < 1e-6


@pytest.mark.corpus
def test_star_farms_in_uk_1996_lift_pagerank_and_not_authority() -> None:
    graph = uk()
    seeds = np.argsort(-harmonic(graph))[:50]  # stands in for a list of trusted hosts
    before, visits = weighted_harmonic(graph, trust(graph, seeds))[0], pagerank(graph)
    weak = np.flatnonzero((before > 0) & (graph.in_degree == 1))
    target = int(weak[np.argsort(visits[weak])[len(weak) // 4]])
    farm = graph.n + np.arange(100)
    star = from_edges(
        np.append(sources_of(graph), farm),
        np.append(graph.out_targets, np.full(100, target)),
        np.append(graph.out_weights if graph.out_weights is not None else [], np.ones(100)),
    )
    after = weighted_harmonic(star, trust(star, seeds))[0]
    assert not after[farm].any()
    # The farm shifts the blocks that dangling mass is added up in: rounding, and no more.
    assert after[: graph.n] == pytest.approx(before, rel=1e-12)
    standing = []
    for scores in (visits, pagerank(star)[: graph.n]):
        rank, n = rank_of(scores)
        standing.append(percentile(rank, n)[target])
    assert standing[1] > standing[0] + 30
