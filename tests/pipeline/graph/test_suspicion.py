"""Spam mass, truncated PageRank, anti-trust and the two ranks' difference: by hand and solved."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.graph.csr import DomainGraph
from pipeline.graph.ranks import pagerank, trust
from pipeline.graph.step import received
from pipeline.graph.suspicion import (
    anti_trust,
    spam_mass,
    truncated_pagerank_ratio,
    trust_minus_pagerank,
)
from pipeline.graph.threads import at_most
from tests.pipeline.graph.corpus import power_law, sources_of
from tests.pipeline.graph.test_ranks import EDGES, Edge, N, graph_of

IDS = st.lists(st.integers(0, N - 1), min_size=1, max_size=4)


def moves_of(graph: DomainGraph) -> npt.NDArray[Any]:
    """float64[n, n]: the chance to go from u to t, dangling rows 0."""
    weights = np.ones(graph.m) if graph.out_weights is None else graph.out_weights
    moves = np.zeros((graph.n, graph.n))
    moves[sources_of(graph), graph.out_targets] = weights
    sums = moves.sum(axis=1, keepdims=True)
    np.divide(moves, sums, out=moves, where=sums > 0)
    return moves


def test_a_step_adds_up_gifts_along_links() -> None:
    graph = graph_of((0, 2, 3), (1, 2, 5), (2, 0, 2), n=4)
    gift = np.array([1.0, 10.0, 100.0, 1000.0])
    assert received(graph, gift).tolist() == [100, 0, 11, 0]
    assert received(graph, gift, weighted=True).tolist() == [200, 0, 53, 0]
    assert received(graph.turned(), gift).tolist() == [100, 100, 1, 0]


@given(EDGES)
def test_turned_twice_is_the_same_graph(edges: list[Edge]) -> None:
    graph = graph_of(*edges, n=N)
    again = graph.turned().turned()
    assert again.out_targets.tolist() == graph.out_targets.tolist()
    assert again.in_sources.tolist() == graph.in_sources.tolist()
    # and what was put in place is what sorting would find
    direct = graph_of(*((t, u, weight) for u, t, weight in edges), n=N)
    assert graph.turned().out_targets.tolist() == direct.out_targets.tolist()
    assert graph.turned().in_sources.tolist() == direct.in_sources.tolist()
    assert graph.turned().in_offsets.tolist() == direct.in_offsets.tolist()


def test_distrust_walks_backwards_from_spam() -> None:
    # 0 -> 1 and 2 -> 3; spam is 1: 0 gets 17/37, 1 gets 20/37 (as trust does in test_ranks).
    scores = anti_trust(graph_of((0, 1), (2, 3)), np.array([1, 1]))
    assert scores == pytest.approx([17 / 37, 20 / 37, 0, 0], abs=1e-8)
    assert not scores[2:].any()


def test_spam_mass_by_hand() -> None:
    # 0 -> 1, 2 -> 3, core {0}, in units of .15/4: visits 1, 1.85, 1, 1.85; from the core,
    # .85 of the web being good: .85 * 4, then .85 of that to 1. Nothing to 2 and 3.
    graph = graph_of((0, 1), (2, 3))
    mass = spam_mass(graph, np.array([0]), floor=0)
    assert mass == pytest.approx([1 - 3.4, 1 - 2.89 / 1.85, 1, 1], abs=1e-7)
    floored = spam_mass(graph, np.array([0]), floor=1.5)
    assert np.isnan(floored).tolist() == [True, False, True, False]


def test_truncated_pagerank_ratio_by_hand() -> None:
    # 0 -> 1 -> 2: visits 1, 1 + .85, 1 + .85 + .7225, by how far away they set out.
    graph = graph_of((0, 1), (1, 2))
    shares = [[0, 0.85 / 1.85, 1.5725 / 2.5725], [0, 0, 0.7225 / 2.5725], [0, 0, 0]]
    for links, share in enumerate(shares):
        ratio = truncated_pagerank_ratio(graph, links=links)
        assert ratio == pytest.approx(share, abs=1e-10)


def test_a_star_farm_has_no_visits_from_afar() -> None:
    honest = graph_of((0, 1), (1, 2), (2, 3), (3, 4), (4, 5), *((i, 6) for i in range(7, 40)))
    ratio = truncated_pagerank_ratio(honest, links=1)
    assert ratio[6] == pytest.approx(0, abs=1e-10)
    assert ratio[5] > 0.4


@given(EDGES, IDS, st.integers(0, 4))
def test_mass_and_truncated_ratio_solve_their_equations(
    edges: list[Edge], core: list[int], links: int
) -> None:
    graph = graph_of(*edges, n=N)
    moves, start = moves_of(graph), np.zeros(N)
    start[core] = 1 / len(set(core))
    solve = np.linalg.inv(np.eye(N) - 0.85 * moves.T) * 0.15
    visits, good = solve @ np.full(N, 1 / N), 0.85 * solve @ start
    assert spam_mass(graph, np.array(core), floor=0) == pytest.approx(1 - good / visits, abs=1e-6)
    far = visits
    for _ in range(links + 1):
        far = 0.85 * moves.T @ far  # what comes from one link further away
    ratio = truncated_pagerank_ratio(graph, links=links)
    assert ratio == pytest.approx(far / visits, abs=1e-9)


@given(EDGES, IDS, st.permutations(range(N)))
def test_relabelling_relabels_suspicion(edges: list[Edge], core: list[int], new: list[int]) -> None:
    graph = graph_of(*edges, n=N)
    other = graph_of(*((new[u], new[t], weight) for u, t, weight in edges), n=N)
    ids, moved = np.array(core), np.array([new[u] for u in core])
    assert spam_mass(other, moved, floor=0)[new] == pytest.approx(spam_mass(graph, ids, floor=0))
    assert anti_trust(other, moved)[new] == pytest.approx(anti_trust(graph, ids), rel=1e-9)
    assert truncated_pagerank_ratio(other)[new] == pytest.approx(truncated_pagerank_ratio(graph))


def test_trust_minus_pagerank_in_percentile_points() -> None:
    # By trust 0 stands first of three known, by visits last; 1 the middle of both.
    trusted, visits = np.array([3.0, 2, 1, np.nan]), np.array([1.0, 2, 3, 9])
    difference = trust_minus_pagerank(trusted, visits)
    assert np.array_equal(difference, [100, 0, -100, np.nan], equal_nan=True)
    assert np.isnan(trust_minus_pagerank(np.array([1.0]), np.array([1.0]))).all()


def test_a_farm_is_visited_more_than_trusted() -> None:
    graph = graph_of((0, 1), (1, 2), (2, 0), *((i, 3) for i in range(4, 30)))
    difference = trust_minus_pagerank(trust(graph, np.array([0])), pagerank(graph))
    assert int(np.argmin(difference)) == 3


@pytest.mark.parametrize("n", [0, 1, 3])
def test_graphs_without_links_have_visits_of_their_own_alone(n: int) -> None:
    assert truncated_pagerank_ratio(graph_of(n=n)).tolist() == [0] * n
    assert received(graph_of(n=n), np.ones(n)).tolist() == [0] * n
    if n:
        mass = spam_mass(graph_of(n=n), np.array([0]), floor=1)
        assert mass == pytest.approx([1 - 0.85 * n] + [1] * (n - 1))


def test_threads_change_no_bit_of_suspicion() -> None:
    graph = power_law(5000, 40_000, weighted=True)

    def found() -> list[bytes]:
        ids = np.arange(0, 5000, 100)
        each = spam_mass(graph, ids), truncated_pagerank_ratio(graph), anti_trust(graph, ids)
        return [scores.tobytes() for scores in each]

    with at_most(1):
        alone = found()
    assert found() == alone


def test_what_means_nothing_is_refused() -> None:
    graph = graph_of((0, 1))
    with pytest.raises(ValueError, match="good_share"):
        spam_mass(graph, np.array([0]), good_share=0)
    with pytest.raises(ValueError, match="0 to 1"):
        spam_mass(graph, np.array([2]))
    with pytest.raises(ValueError, match="negative"):
        truncated_pagerank_ratio(graph, links=-1)
