"""Strongly connected components: by hand, by reachability, and beside igraph and networkit."""

from __future__ import annotations

import networkit
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.graph.components import strong_components
from pipeline.graph.csr import DomainGraph, from_edges
from tests.pipeline.graph.corpus import power_law, sources_of
from tests.pipeline.graph.test_peers import cnr, in_igraph, in_networkit, uk
from tests.pipeline.graph.test_ranks import EDGES, Edge, N, graph_of


def by_smallest(labels: list[int] | npt.NDArray[np.int64]) -> list[int]:
    """Anyone's labels, each component named by its smallest id."""
    first: dict[int, int] = {}
    return [first.setdefault(int(label), i) for i, label in enumerate(labels)]


def test_components_are_named_by_their_smallest_id() -> None:
    # 1 -> 3 -> 1, which leads to 2 -> 5 -> 2 and not back; 0 and 4 are alone.
    found = strong_components(graph_of((3, 1), (1, 3), (3, 2), (2, 5), (5, 2), (0, 1), n=6))
    assert found.of.tolist() == [0, 1, 2, 1, 4, 2]
    assert found.size.tolist() == [1, 2, 2, 2, 1, 2]
    assert found.largest == 1


@pytest.mark.parametrize("n", [0, 1, 3])
def test_without_links_everyone_is_alone(n: int) -> None:
    found = strong_components(graph_of(n=n))
    assert found.of.tolist() == list(range(n))
    assert found.size.tolist() == [1] * n
    assert found.largest == (0 if n else -1)


@given(EDGES)
def test_components_are_those_who_reach_each_other(edges: list[Edge]) -> None:
    graph = graph_of(*edges, n=N)
    reach = np.eye(N, dtype=bool)
    reach[sources_of(graph), graph.out_targets] = True
    for _ in range(4):
        reach = reach @ reach
    found = strong_components(graph)
    assert (found.of[:, None] == found.of[None, :]).tolist() == (reach & reach.T).tolist()
    assert found.size.tolist() == (reach & reach.T).sum(axis=0).tolist()


@given(EDGES, st.permutations(range(N)))
def test_relabelling_keeps_the_sizes(edges: list[Edge], new: list[int]) -> None:
    other = graph_of(*((new[u], new[t], weight) for u, t, weight in edges), n=N)
    sizes = strong_components(graph_of(*edges, n=N)).size
    assert strong_components(other).size[new].tolist() == sizes.tolist()


def test_a_long_way_needs_no_recursion() -> None:
    n = 200_000
    way = np.arange(n)
    assert strong_components(from_edges(way, (way + 1) % n)).size[0] == n
    assert strong_components(from_edges(way[:-1], way[1:])).size.max() == 1


def agrees(graph: DomainGraph) -> None:
    found = strong_components(graph)
    assert found.of.tolist() == by_smallest(in_igraph(graph).connected_components().membership)
    peer = in_networkit(graph)  # named: networkit reads it after this line without holding it
    theirs = networkit.components.StronglyConnectedComponents(peer)
    assert found.of.tolist() == by_smallest(theirs.run().getPartition().getVector())


def test_components_agree_on_drawn_graphs() -> None:
    for m in (2000, 5000, 20_000):
        agrees(power_law(2000, m))


@pytest.mark.corpus
def test_components_agree_on_uk_1996() -> None:
    agrees(uk())


@pytest.mark.corpus
def test_components_agree_on_cnr_2000() -> None:
    theirs = in_igraph(cnr()).connected_components().membership
    assert strong_components(cnr()).of.tolist() == by_smallest(theirs)
