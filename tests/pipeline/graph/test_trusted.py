"""Trust over redrawn halves of the seeds, and how far from one a domain is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import DidNotConverge
from pipeline.graph.csr import DomainGraph
from pipeline.graph.ranks import trust
from pipeline.graph.threads import at_most
from pipeline.graph.trusted import _halves, mean_trust, redrawn_trust, seed_distance
from tests.pipeline.graph.corpus import power_law, sources_of
from tests.pipeline.graph.test_ranks import EDGES, Edge, N, graph_of

SEEDS = st.lists(st.integers(0, N - 1), min_size=2, max_size=6, unique=True)


def test_two_seeds_are_drawn_one_by_one() -> None:
    # 0 -> 2 and 1 -> 3; a draw from 0 gives 20/37 and 17/37 (as in test_ranks), or 0 from 1.
    found = redrawn_trust(graph_of((0, 2), (1, 3)), np.array([0, 1, 1]))
    expected = [10 / 37, 10 / 37, 8.5 / 37, 8.5 / 37]
    assert found.mean == pytest.approx(expected, abs=1e-8)
    assert found.spread == pytest.approx(expected, abs=1e-8)  # of x and 0: x / 2, as the mean


def test_one_seed_says_nothing_of_the_spread() -> None:
    graph = graph_of((0, 1), (1, 2))
    found = redrawn_trust(graph, np.array([0]))
    assert found.mean.tobytes() == trust(graph, np.array([0])).tobytes()
    assert np.isnan(found.spread).all()


@pytest.mark.parametrize(("seeds", "draws"), [(2, 2), (7, 6), (50, 16)])
def test_every_seed_is_in_half_of_the_draws(seeds: int, draws: int) -> None:
    halves = _halves(seeds, draws, salt=3)
    assert halves.sum(axis=0).tolist() == [draws // 2] * seeds
    assert set(halves.sum(axis=1).tolist()) == {seeds // 2, -(-seeds // 2)}
    if seeds > 2:  # neither do cuts repeat, nor salts
        assert len(np.unique(halves, axis=0)) == draws
        assert not np.array_equal(halves, _halves(seeds, draws, salt=4))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("draws", [2, 10])
def test_mean_and_spread_are_those_of_trust_by_each_half(weighted: bool, draws: int) -> None:
    graph, seeds = power_law(800, 5000, weighted=weighted), np.arange(0, 800, 60)
    found = redrawn_trust(graph, seeds, draws=draws, salt=1)
    each = np.array([trust(graph, seeds[half]) for half in _halves(len(seeds), draws, 1)])
    assert found.mean == pytest.approx(each.mean(axis=0), abs=1e-8)
    assert found.spread == pytest.approx(each.std(axis=0), abs=1e-8)


@given(EDGES, SEEDS)
def test_redrawn_trust_sums_to_one_and_reaches_what_seeds_reach(
    edges: list[Edge], seeds: list[int]
) -> None:
    graph = graph_of(*edges, n=N)
    found = redrawn_trust(graph, np.array(seeds), draws=4)
    reached = seed_distance(graph, np.array(seeds)) >= 0
    assert float(found.mean.sum()) == pytest.approx(1, abs=1e-9)
    assert ((found.mean > 0) == reached).all()
    assert not found.spread[~reached].any()


def test_seed_distance_is_the_shortest_from_any_seed() -> None:
    # 0 -> 1 -> 2 -> 3 and 4 -> 3; 5 is alone, and links turned round don't count. 6 is as near
    # as 2, which links to it.
    graph = graph_of((0, 1), (1, 2), (2, 3), (4, 3), (1, 6), (2, 6), n=7)
    assert seed_distance(graph, np.array([0])).tolist() == [0, 1, 2, 3, -1, -1, 2]
    assert seed_distance(graph, np.array([4, 0, 0])).tolist() == [0, 1, 2, 1, 0, -1, 2]


@given(EDGES, SEEDS)
def test_seed_distance_agrees_with_powers_of_the_links(edges: list[Edge], seeds: list[int]) -> None:
    graph = graph_of(*edges, n=N)
    links = np.zeros((N, N), dtype=bool)
    links[sources_of(graph), graph.out_targets] = True
    expected, near = np.full(N, -1), np.isin(np.arange(N), seeds)
    for distance in range(N):
        expected[near & (expected < 0)] = distance
        near = near @ links
    assert seed_distance(graph, np.array(seeds)).tolist() == expected.tolist()


@given(EDGES, SEEDS, st.permutations(range(N)))
def test_relabelling_relabels_seed_distances(
    edges: list[Edge], seeds: list[int], new: list[int]
) -> None:
    graph = graph_of(*edges, n=N)
    other = graph_of(*((new[u], new[t], weight) for u, t, weight in edges), n=N)
    moved = seed_distance(other, np.array([new[seed] for seed in seeds]))
    assert moved[new].tolist() == seed_distance(graph, np.array(seeds)).tolist()


@pytest.mark.parametrize("weighted", [False, True])
def test_threads_change_no_bit_of_redrawn_trust(weighted: bool) -> None:
    graph = power_law(5000, 40_000, weighted=weighted)
    seeds = np.arange(0, 5000, 100)
    with at_most(1):
        alone = redrawn_trust(graph, seeds)
    again = redrawn_trust(graph, seeds)
    assert again.mean.tobytes() == alone.mean.tobytes()
    assert again.spread.tobytes() == alone.spread.tobytes()


def test_what_means_nothing_is_refused() -> None:
    graph = graph_of((0, 1), (1, 2), (2, 1))
    for draws in (0, 3):
        with pytest.raises(ValueError, match="even number"):
            redrawn_trust(graph, np.array([0, 1]), draws=draws)
    for seeds in (np.array([], dtype=np.int64), np.array([3])):
        with pytest.raises(ValueError, match="0 to 2"):
            redrawn_trust(graph, seeds)
        with pytest.raises(ValueError, match="0 to 2"):
            seed_distance(graph, seeds)
    with pytest.raises(DidNotConverge) as caught:
        redrawn_trust(graph, np.array([0, 1]), max_sweeps=3)
    assert caught.value.sweeps == 3


def test_one_domain_trusts_itself() -> None:
    graph: DomainGraph = graph_of(n=1)
    assert redrawn_trust(graph, np.array([0])).mean.tolist() == [1]
    assert seed_distance(graph, np.array([0])).tolist() == [0]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("count", [1, 2, 9])
def test_the_mean_alone_is_that_of_the_draws(weighted: bool, count: int) -> None:
    graph = power_law(300, 900, weighted=weighted)
    seeds = np.flatnonzero(graph.out_degree)[:count]
    drawn = redrawn_trust(graph, seeds, draws=6, salt=3, tolerance=1e-13).mean
    found = mean_trust(graph, seeds, draws=6, salt=3, tolerance=1e-13)
    assert found.tolist() == pytest.approx(drawn.tolist(), abs=1e-12)
    with pytest.raises(ValueError, match="even number"):
        mean_trust(graph, seeds, draws=5)
