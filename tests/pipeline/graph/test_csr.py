"""Edges to CSR: what is dropped, what is merged, and who gets which id."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.graph.csr import DomainGraph, from_edges, from_names
from pipeline.url import reversed_host

Edge = tuple[int, int, int]
EDGES = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11), st.integers(1, 5)), max_size=40)


def graph_of(edges: list[Edge], n: int = 12) -> DomainGraph:
    table = np.array(edges, dtype=np.int64).reshape(-1, 3)
    return from_edges(table[:, 0], table[:, 1], table[:, 2], n=n)


def rows(graph: DomainGraph) -> list[tuple[int, list[int]]]:
    cuts = graph.out_offsets
    return [(u, graph.out_targets[cuts[u] : cuts[u + 1]].tolist()) for u in range(graph.n)]


def test_self_edges_are_dropped_and_parallel_edges_add_their_weights() -> None:
    # 0->2 twice (1.5 + 2), 0->1, 1->1 (itself), 2->0.
    graph = from_edges(
        np.array([0, 1, 0, 2, 0]), np.array([2, 1, 1, 0, 2]), np.array([1.5, 9, 4, 1, 2])
    )
    assert rows(graph) == [(0, [1, 2]), (1, []), (2, [0])]
    assert graph.out_weights is not None
    assert graph.out_weights.tolist() == [4, 3.5, 1]
    assert graph.in_degree.tolist() == [1, 1, 1]


def test_without_weights_parallel_edges_are_one() -> None:
    graph = from_edges(np.array([0, 0]), np.array([1, 1]))
    assert (graph.m, graph.out_weights, graph.in_weights) == (1, None, None)


def test_arrays_have_the_types_they_promise() -> None:
    graph = graph_of([(0, 1, 2)], n=2)
    assert graph.out_offsets.dtype == graph.in_offsets.dtype == np.int64
    assert graph.out_targets.dtype == graph.in_sources.dtype == np.int32
    assert graph.out_weights is not None
    assert graph.out_weights.dtype == np.float64


@given(EDGES)
def test_graph_and_transpose_hold_just_the_edges_given(edges: list[Edge]) -> None:
    graph = graph_of(edges)
    truth: dict[tuple[int, int], float] = {}
    for u, t, weight in edges:
        if u != t:
            truth[u, t] = truth.get((u, t), 0) + weight
    sources = np.repeat(np.arange(12), graph.out_degree)
    targets = np.repeat(np.arange(12), graph.in_degree)
    assert graph.out_weights is not None
    assert graph.in_weights is not None
    outwards = list(zip(sources.tolist(), graph.out_targets.tolist(), strict=True))
    inwards = list(zip(graph.in_sources.tolist(), targets.tolist(), strict=True))
    assert outwards == sorted(truth)
    assert inwards == sorted(truth, key=lambda edge: (edge[1], edge[0]))
    assert graph.out_weights.tolist() == [truth[edge] for edge in outwards]
    assert graph.in_weights.tolist() == [truth[edge] for edge in inwards]


@given(EDGES, st.randoms(use_true_random=False))
def test_order_of_the_edges_does_not_matter(edges: list[Edge], random: Any) -> None:
    graph = graph_of(edges)
    random.shuffle(edges)
    again = graph_of(edges)
    assert rows(again) == rows(graph)
    assert again.out_weights is not None
    assert graph.out_weights is not None
    assert again.out_weights.tolist() == graph.out_weights.tolist()  # small integers: exact


@pytest.mark.parametrize("n", [0, 1, 5])
def test_graph_without_edges(n: int) -> None:
    none = np.empty(0, dtype=np.int64)
    for weights in (None, np.empty(0)):
        graph = from_edges(none, none, weights, n=n)
        assert (graph.n, graph.m) == (n, 0)
        assert graph.out_offsets.tolist() == graph.in_offsets.tolist() == [0] * (n + 1)


@pytest.mark.parametrize(
    ("sources", "targets", "more", "says"),
    [
        ([0, 1], [1], {}, "same length"),
        ([0.0], [1.0], {}, "integers"),
        ([0], [3], {"n": 3}, "id 3"),
        ([-1], [1], {}, "negative"),
        ([0], [1], {"weights": np.array([0.0])}, "above 0"),
        ([0], [1], {"weights": np.array([np.nan])}, "finite"),
        ([0], [1], {"weights": np.array([1.0, 2.0])}, "one for each"),
        ([0], [1], {"n": 2, "names": ["a"]}, "1 names for 2"),
        ([0], [1], {"n": 2**31}, "does not fit"),
    ],
)
def test_what_makes_no_graph_is_refused(
    sources: list[float], targets: list[float], more: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        from_edges(np.array(sources), np.array(targets), **more)


def test_ids_follow_the_reversed_names() -> None:
    graph = from_names(
        pa.array(["www.example.org", "example.net", "a.example.org"]),
        pa.array(["example.org", "example.org", "example.net"]),
        also=pa.array(["alone.com", "example.org"]),
    )
    names = graph.names.to_pylist()
    # com.alone, net.example, org.example, org.example.a, org.example.www
    assert names == ["alone.com", "example.net", "example.org", "a.example.org", "www.example.org"]
    assert rows(graph) == [(0, []), (1, [2]), (2, []), (3, [1]), (4, [2])]


NAMES = st.lists(
    st.tuples(
        st.sampled_from(["a.com", "b.com", "www.a.com", "a-b.com", "é.org", "org"]),
        st.sampled_from(["a.com", "b.com", "x.a.com", "org", "a.org"]),
    ),
    max_size=20,
)


@given(NAMES, st.integers(0, 20), st.booleans())
def test_names_survive_any_chunks_and_encoding(
    edges: list[tuple[str, str]], cut: int, encoded: bool
) -> None:
    sources = pa.array([edge[0] for edge in edges], pa.string())
    targets = pa.array([edge[1] for edge in edges], pa.string())
    if encoded:
        sources = sources.dictionary_encode()
    chunked = pa.chunked_array([targets[:cut], targets[cut:]])
    weights = pa.chunked_array([pa.array(range(1, len(edges) + 1), pa.int64())])
    graph = from_names(sources, chunked, weights)
    names = graph.names.to_pylist()
    assert names == sorted({name for edge in edges for name in edge}, key=reversed_host)
    truth: dict[tuple[str, str], float] = {}
    for weight, (source, target) in enumerate(edges, start=1):
        if source != target:
            truth[source, target] = truth.get((source, target), 0) + weight
    found = {
        (names[u], names[t]): w
        for u, t, w in zip(
            np.repeat(np.arange(graph.n), graph.out_degree),
            graph.out_targets,
            graph.out_weights if graph.out_weights is not None else [],
            strict=True,
        )
    }
    assert found == truth


def test_no_names_at_all_make_the_empty_graph() -> None:
    nothing = pa.array([], pa.string())
    for column in (nothing, pa.chunked_array([], pa.string())):
        graph = from_names(column, column)
        assert (graph.n, graph.m, len(graph.names)) == (0, 0, 0)


def test_null_names_and_uneven_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="null"):
        from_names(pa.array(["a.com", None]), pa.array(["b.com", "c.com"]))
    with pytest.raises(ValueError, match="2 sources but 1 targets"):
        from_names(pa.array(["a.com", "b.com"]), pa.array(["b.com"]))
    with pytest.raises(ValueError, match="finite"):
        from_names(pa.array(["a.com"]), pa.array(["b.com"]), pa.array([None], pa.float64()))
