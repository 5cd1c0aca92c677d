"""Sets of links: equal ones have equal signatures, alike ones meet, and how alike is exact."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.graph.csr import from_edges
from pipeline.graph.linksets import met_again, sets_of, shared, signatures
from tests.pipeline.graph.corpus import power_law, sources_of
from tests.pipeline.graph.test_ranks import graph_of

SETS = st.lists(st.frozensets(st.integers(10, 30), max_size=8), min_size=2, max_size=8)


@given(SETS)
def test_equal_sets_and_no_others_have_the_same_first_signature(sets: list[frozenset[int]]) -> None:
    graph = graph_of(*((u, t, 1) for u, found in enumerate(sets) for t in found), n=31)
    first = signatures(graph)[: len(sets), 0]
    for u, one in enumerate(sets):
        assert (first[u] == 0) == (not one)
        for v, other in enumerate(sets):
            assert (first[u] == first[v]) == (one == other)


@given(SETS)
def test_what_two_share_is_what_their_sets_do(sets: list[frozenset[int]]) -> None:
    graph = graph_of(*((u, t, 1) for u, found in enumerate(sets) for t in found), n=31)
    pairs = [(u, v) for u in range(len(sets)) for v in range(len(sets))]
    both, share = shared(graph, *(np.array(ids, np.int32) for ids in zip(*pairs, strict=True)))
    for k, (u, v) in enumerate(pairs):
        assert both[k] == len(sets[u] & sets[v])
        assert share[k] == len(sets[u] & sets[v]) / max(1, len(sets[u] | sets[v]))


def test_alike_sets_meet_in_a_band_and_unlike_ones_seldom() -> None:
    """Of pairs that share 9 of 11 nine in ten do, of those that share 1 of 19 not a tenth."""
    pairs, drawn = 400, np.random.default_rng(3)

    def met(common: int) -> float:
        sources, targets = [], []
        for k in range(pairs):
            ten = drawn.choice(100_000, 20 - common, replace=False) + 2 * pairs
            for side, chosen in ((0, ten[:10]), (1, np.append(ten[:common], ten[10:]))):
                sources += [2 * k + side] * len(chosen)
                targets += chosen.tolist()
        graph = from_edges(np.array(sources), np.array(targets))
        bands = signatures(graph)[: 2 * pairs, 1:]
        return float((bands[0::2] == bands[1::2]).any(axis=1).mean())

    assert met(9) > 0.9
    assert met(1) < 0.1


def test_sets_made_of_links_by_target_are_those_of_the_graph() -> None:
    graph = power_law(200, 1200)
    ends = sources_of(graph.turned()).astype(np.int32), graph.in_sources
    parts = [(ends[1][i : i + 100], ends[0][i : i + 100]) for i in range(0, graph.m, 100)]
    itself = np.array([7], np.int32)
    found = sets_of(graph.n, lambda: [*parts, (itself, itself)])
    assert found.out_offsets.tolist() == graph.out_offsets.tolist()
    assert found.out_targets.tolist() == graph.out_targets.tolist()
    assert sets_of(3, list).out_degree.tolist() == [0, 0, 0]


def test_what_comes_more_than_once_is_met_again() -> None:
    slots = np.array([3, 0, 3, 5, 3, 0, 7], np.uint64)
    assert met_again(slots, 8).tolist() == [True, True, True, False, True, True, False]
