"""Who stands within two links: counted where few, estimated where many."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.graph.csr import from_edges
from pipeline.graph.supporters import WAYS, supporters
from pipeline.graph.threads import at_most
from tests.pipeline.graph.corpus import power_law, sources_of
from tests.pipeline.graph.test_ranks import EDGES, Edge, N, graph_of


def test_supporters_are_counted_once_and_never_oneself() -> None:
    # 0 -> 1 -> 2 -> 0 and 0 -> 2, 3 -> 1: 2 has 1 and 0 (twice), 3 by way of 1, not itself.
    graph = graph_of((0, 1), (1, 2), (2, 0), (0, 2), (3, 1), n=5)
    counts, exact = supporters(graph)
    assert counts.tolist() == [2, 3, 3, 0, 0]
    assert exact.all()
    trusted = np.array([True, False, False, True, True])
    assert supporters(graph, trusted)[0].tolist() == [0, 2, 2, 0, 0]


@given(EDGES, st.lists(st.booleans(), min_size=N, max_size=N))
def test_supporters_are_the_members_of_two_steps(edges: list[Edge], member: list[bool]) -> None:
    graph = graph_of(*edges, n=N)
    one = np.zeros((N, N), dtype=bool)
    one[sources_of(graph), graph.out_targets] = True
    two = (one | one @ one) & ~np.eye(N, dtype=bool)
    mask = np.array(member)
    assert supporters(graph, mask)[0].tolist() == two[mask].sum(axis=0).tolist()


def test_crowds_are_estimated_and_said_to_be() -> None:
    # 3,000 link to 0, which links to 3,001; and 70 who all link to each other.
    ring = 3100 + np.array(list(permutations(range(70), 2)))
    sources = np.concatenate([np.arange(1, 3001), [0], ring[:, 0]])
    targets = np.concatenate([np.zeros(3000, dtype=np.int64), [3001], ring[:, 1]])
    graph = from_edges(sources, targets)
    counts, exact = supporters(graph, log2m=10)
    assert exact[[0, 3001]].all()  # 3,001 ways are no crowd
    assert counts[[0, 3001]].tolist() == [3000, 3001]
    assert not exact[3100:].any()  # 69 + 69 * 69 ways
    assert WAYS < 69 + 69 * 69
    assert counts[3100:] == pytest.approx([69] * 70, rel=0.1)


def test_nobody_supports_the_lonely() -> None:
    for n in (0, 1, 3):
        assert supporters(graph_of(n=n))[0].tolist() == [0] * n


def test_threads_change_no_count() -> None:
    graph = power_law(5000, 60_000)
    with at_most(1):
        alone = supporters(graph)
    again = supporters(graph)
    assert not alone[1].all()
    assert again[0].tobytes() == alone[0].tobytes()


def test_what_means_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="mask of 2"):
        supporters(graph_of((0, 1)), np.array([True]))
    with pytest.raises(ValueError, match="from 5 to 16"):
        supporters(graph_of((0, 1)), log2m=3)
