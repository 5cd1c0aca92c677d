"""Cores and their connected parts: by hand, by peeling, and beside igraph."""

from __future__ import annotations

from itertools import combinations, permutations

import igraph
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.graph.csr import DomainGraph, from_edges
from pipeline.graph.dense import dense_groups
from pipeline.graph.mutual import mutual_graph
from tests.pipeline.graph.corpus import power_law, sources_of
from tests.pipeline.graph.test_mutual import CROWD
from tests.pipeline.graph.test_peers import cnr, in_igraph, uk
from tests.pipeline.graph.test_ranks import EDGES, Edge, N, graph_of

Pairs = set[tuple[int, int]]


def both_ways(*pairs: tuple[int, int]) -> list[tuple[int, int]]:
    return [*pairs, *((t, u) for u, t in pairs)]


def slow_group(pairs: Pairs, u: int) -> tuple[int, set[int], int]:
    """Coreness, group and links of u, by taking away whoever has too few links."""
    best = (0, {u}, 0)
    for k in range(1, N):
        left = set(range(N))
        while True:
            links = [(a, b) for a, b in pairs if a in left and b in left]
            few = {v for v in left if sum(v in pair for pair in links) < k}
            if not few:
                break
            left -= few
        if u not in left:
            return best
        part = {u}
        for _ in range(N):
            part |= {v for pair in links if part & set(pair) for v in pair}
        best = (k, part, sum(a in part and b in part for a, b in links))
    return best


def test_a_clique_in_a_loose_exchange_is_the_tighter_group() -> None:
    # 1 to 4 all exchange links; 5 exchanges with 4 and 6, 6 with 1; 0 is only linked to.
    pairs = [*combinations(range(1, 5), 2), (4, 5), (5, 6), (6, 1)]
    found = dense_groups(graph_of(*both_ways(*pairs), (1, 0), n=7))
    assert found.coreness.tolist() == [0, 3, 3, 3, 3, 2, 2]
    assert found.group.tolist() == [0, 1, 1, 1, 1, 1, 1]
    assert found.size.tolist() == [1, 4, 4, 4, 4, 6, 6]
    assert np.array_equal(found.density[:6], [np.nan, 1, 1, 1, 1, 9 / 15], equal_nan=True)


def test_links_that_are_not_answered_count_only_where_asked() -> None:
    ring = graph_of((0, 1), (1, 2), (2, 0))
    assert dense_groups(ring).coreness.tolist() == [0, 0, 0]
    either = dense_groups(ring, mutual=False)
    assert either.coreness.tolist() == [2, 2, 2]
    assert either.density.tolist() == [1, 1, 1]


@given(st.one_of(CROWD, EDGES), st.booleans())
def test_groups_are_what_peeling_leaves(edges: list[Edge], mutual: bool) -> None:
    graph = graph_of(*edges, n=N)
    links = set(zip(sources_of(graph).tolist(), graph.out_targets.tolist(), strict=True))
    pairs = {(min(pair), max(pair)) for pair in links if not mutual or pair[::-1] in links}
    found = dense_groups(graph, mutual=mutual)
    for u in range(N):
        coreness, part, inside = slow_group(pairs, u)
        assert (found.coreness[u], found.group[u]) == (coreness, min(part))
        assert found.size[u] == len(part)
        if len(part) > 1:
            assert found.density[u] == inside / (len(part) * (len(part) - 1) / 2)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_without_links_everyone_is_a_group(n: int) -> None:
    found = dense_groups(graph_of(n=n))
    assert found.coreness.tolist() == [0] * n
    assert found.group.tolist() == list(range(n))
    assert np.isnan(found.density).all()


def with_clique(graph: DomainGraph, size: int) -> DomainGraph:
    """A clique of new domains, each with five links into the graph beside."""
    ring = graph.n + np.array(list(permutations(range(size), 2)))
    out = np.repeat(np.arange(graph.n, graph.n + size), 5)
    into = np.random.default_rng(3).integers(0, graph.n, len(out))
    sources = np.concatenate([sources_of(graph), ring[:, 0], out])
    return from_edges(sources, np.concatenate([graph.out_targets, ring[:, 1], into]))


def test_a_planted_clique_is_found_whole_and_alone() -> None:
    graph = with_clique(power_law(2000, 12_000), 40)
    found = dense_groups(graph)
    assert found.coreness[2000:].tolist() == [39] * 40
    assert found.coreness[:2000].max() < 39
    assert set(found.size[2000:].tolist()) == {40}
    assert found.density[2000:].tolist() == [1] * 40


def igraph_coreness(graph: DomainGraph, *, mutual: bool) -> list[int]:
    linked = in_igraph(mutual_graph(graph) if mutual else graph)
    linked = linked.as_undirected(mode="collapse")
    assert isinstance(linked, igraph.Graph)
    return [int(k) for k in linked.coreness()]


@pytest.mark.parametrize("mutual", [True, False])
def test_coreness_agrees_with_igraph_on_drawn_graphs(mutual: bool) -> None:
    graph = with_clique(power_law(2000, 30_000), 12)
    expected = igraph_coreness(graph, mutual=mutual)
    assert dense_groups(graph, mutual=mutual).coreness.tolist() == expected


@pytest.mark.corpus
def test_coreness_agrees_with_igraph_on_real_graphs() -> None:
    for graph, mutual in ((cnr(), True), (uk(), False)):
        expected = igraph_coreness(graph, mutual=mutual)
        assert dense_groups(graph, mutual=mutual).coreness.tolist() == expected
