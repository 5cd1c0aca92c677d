"""Answered links: reciprocity, overlap, and the graph of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.graph.mutual import mutual_graph, mutual_links, overlap, reciprocity
from pipeline.graph.threads import at_most
from tests.pipeline.graph.corpus import polblogs, power_law, sources_of
from tests.pipeline.graph.test_peers import in_igraph
from tests.pipeline.graph.test_ranks import Edge, N, graph_of

# Among five, so that many links are answered.
CROWD = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.just(1)), max_size=20)

# 0 <-> 1, 0 -> 2, 3 -> 0, and 4 alone.
SOME = ((0, 1), (1, 0), (0, 2), (3, 0))


def test_reciprocity_is_the_share_of_links_that_are_answered() -> None:
    share = reciprocity(graph_of(*SOME, n=5))
    assert np.array_equal(share, [1 / 2, 1, np.nan, 0, np.nan], equal_nan=True)


def test_overlap_is_both_over_either() -> None:
    # 0 links to 1 and 2, 1 and 3 link to it: one of three.
    share = overlap(graph_of(*SOME, n=5))
    assert np.array_equal(share, [1 / 3, 1, 0, 0, np.nan], equal_nan=True)


@given(CROWD)
def test_answered_links_are_those_of_both_sets(edges: list[Edge]) -> None:
    graph = graph_of(*edges, n=N)
    pairs = set(zip(sources_of(graph).tolist(), graph.out_targets.tolist(), strict=True))
    both = sorted((u, t) for u, t in pairs if (t, u) in pairs)
    kept = mutual_graph(graph)
    assert list(zip(sources_of(kept).tolist(), kept.out_targets.tolist(), strict=True)) == both
    assert kept.in_degree.tolist() == kept.out_degree.tolist() == mutual_links(graph).tolist()


@pytest.mark.parametrize("n", [0, 1, 3])
def test_graphs_without_links_answer_none(n: int) -> None:
    graph = graph_of(n=n)
    assert mutual_links(graph).tolist() == [0] * n
    assert np.isnan(reciprocity(graph)).all()
    assert np.isnan(overlap(graph)).all()
    assert mutual_graph(graph).m == 0


def test_threads_change_no_answer() -> None:
    graph = power_law(5000, 40_000)
    with at_most(1):
        alone = mutual_links(graph), mutual_graph(graph).out_targets
    assert mutual_links(graph).tobytes() == alone[0].tobytes()
    assert mutual_graph(graph).out_targets.tobytes() == alone[1].tobytes()


@pytest.mark.corpus
def test_reciprocity_of_polblogs_agrees_with_igraph() -> None:
    graph = polblogs()
    assert mutual_links(graph).sum() / graph.m == pytest.approx(in_igraph(graph).reciprocity())
