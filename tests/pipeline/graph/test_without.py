"""A domain's centrality without one of its links, against the graph made anew without it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.graph.csr import DomainGraph, from_edges
from pipeline.graph.ranks import weighted_harmonic
from pipeline.graph.without import without_each

N = 12
Edges = list[tuple[int, int]]
edges = st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)), min_size=1, max_size=40)
weights = st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=N, max_size=N)


def graph_of(pairs: Edges) -> DomainGraph:
    ends = np.array(sorted(set(pairs)), np.int64).reshape(-1, 2)
    return from_edges(ends[:, 0], ends[:, 1], n=N)


def truth(pairs: Edges, weight: list[float], target: int) -> tuple[list[int], list[float]]:
    """Who links to the target, and its centrality without each."""
    linking = sorted({u for u, t in pairs if t == target != u})
    left = [graph_of([pair for pair in pairs if pair != (u, target)]) for u in linking]
    return linking, [float(weighted_harmonic(g, np.array(weight))[0][target]) for g in left]


def near(pairs: Edges, target: int, depth: int) -> Edges:
    """Links into what is nearer to the target than `depth`."""
    known = {target}
    for _ in range(depth - 1):
        known |= {u for u, t in pairs if t in known}
    return [pair for pair in pairs if pair[1] in known]


@settings(deadline=None, max_examples=150)
@given(edges, weights, st.integers(0, N - 1))
def test_it_is_that_of_the_graph_without_the_link(
    pairs: Edges, weight: list[float], target: int
) -> None:
    sources, expected = truth(pairs, weight, target)
    found = without_each(graph_of(pairs), target, np.array(sources, np.int64), np.array(weight))
    assert found.low.tolist() == pytest.approx(expected)
    assert found.high.tolist() == found.low.tolist()


@settings(deadline=None, max_examples=300)
@given(edges, weights, st.integers(0, N - 1), st.integers(1, 4))
def test_it_lies_within_what_a_part_of_the_graph_tells(
    pairs: Edges, weight: list[float], target: int, depth: int
) -> None:
    sources, expected = truth(pairs, weight, target)
    whole = float(weighted_harmonic(graph_of(pairs), np.array(weight))[0][target])
    part = graph_of([*near(pairs, target, depth), (0, 0)])
    found = without_each(
        part, target, np.array(sources, np.int64), np.array(weight), centrality=whole, depth=depth
    )
    for low, value, high in zip(found.low, expected, found.high, strict=True):
        assert low - 1e-12 <= value <= high + 1e-12
        assert high <= whole + 1e-12


def test_a_bound_is_tight_where_the_link_was_one_of_two_ways() -> None:
    """5 → 4 → both 2 and 3 → 1: what is further than two links away moves not at all."""
    pairs = [(5, 4), (4, 2), (4, 3), (2, 1), (3, 1), (6, 5)]
    weight = np.array([0, 0, 0, 0, 1, 1, 6.0, *[0] * 5])
    part = graph_of(near(pairs, 1, 2))
    found = without_each(part, 1, np.array([2]), weight, centrality=1 / 2 + 1 / 3 + 6 / 4, depth=2)
    assert found.low.tolist() == found.high.tolist() == [pytest.approx(1 / 2 + 1 / 3 + 6 / 4)]


def test_it_is_in_proportion_to_the_centrality_given() -> None:
    graph = graph_of([(2, 1), (3, 1)])
    weight = np.array([0, 0, 1.0, 3.0, *[0] * 8])
    found = without_each(graph, 1, np.array([2, 3]), weight, centrality=2.0)
    assert found.low.tolist() == pytest.approx([1.5, 0.5])
