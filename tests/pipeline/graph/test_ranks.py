"""Each measure against arithmetic done by hand, a slow definition, and what must never change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import DidNotConverge
from pipeline.graph import distances
from pipeline.graph.blocks import Scores
from pipeline.graph.csr import DomainGraph, from_edges
from pipeline.graph.ranks import (
    authority,
    harmonic,
    pagerank,
    percentile,
    rank_of,
    trust,
    weighted_harmonic,
)
from tests.pipeline.graph.corpus import power_law, sources_of

Edge = tuple[int, int, int]
N = 9
EDGES = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(1, 5)), max_size=30)


def graph_of(*edges: tuple[int, ...], n: int | None = None) -> DomainGraph:
    """From (source, target) or (source, target, weight)."""
    table = np.array(edges, dtype=np.int64).reshape(-1, len(edges[0]) if edges else 2)
    return from_edges(table[:, 0], table[:, 1], table[:, 2] if table.shape[1] > 2 else None, n=n)


def solved_pagerank(graph: DomainGraph, teleport: npt.NDArray[Any]) -> Scores:
    """The same definition as a system of linear equations."""
    weights = np.ones(graph.m) if graph.out_weights is None else graph.out_weights
    moves = np.zeros((graph.n, graph.n))
    moves[sources_of(graph), graph.out_targets] = weights
    for u in range(graph.n):
        moves[u] = moves[u] / moves[u].sum() if moves[u].any() else teleport
    return np.linalg.solve(np.eye(graph.n) - 0.85 * moves.T, 0.15 * teleport).astype(np.float64)


def slow_harmonic(graph: DomainGraph, weight: npt.NDArray[Any]) -> Scores:
    """One textbook search a source."""
    scores = np.zeros(graph.n)
    for u in range(graph.n):
        seen, level, distance = {u}, [u], 0
        while level:
            distance += 1
            following: list[int] = []
            for v in level:
                for t in graph.out_targets[graph.out_offsets[v] : graph.out_offsets[v + 1]]:
                    if int(t) not in seen:
                        seen.add(int(t))
                        following.append(int(t))
            scores[following] += weight[u] / distance
            level = following
    return scores


# --- by hand ---


def test_pagerank_of_two_domains_of_which_one_is_dangling() -> None:
    # b = (0.15 + 0.85 x1) / 2 for each; x0 = b, x1 = b + 0.85 b. 2.85 b = 1, so b = 20/57.
    assert pagerank(graph_of((0, 1))) == pytest.approx([20 / 57, 37 / 57], abs=1e-8)


def test_pagerank_follows_the_weights() -> None:
    # x0 = 0.05 + 0.85 (x1 + x2), x1 = 0.05 + 0.85 * 3/4 x0, x2 = 0.05 + 0.85 * 1/4 x0, so
    # x0 = 0.05 + 0.085 + 0.7225 x0 = 0.135 / 0.2775 = 18/37; then 13.325/37 and 5.675/37.
    graph = graph_of((0, 1, 3), (0, 2, 1), (1, 0, 7), (2, 0, 1))
    assert pagerank(graph) == pytest.approx([18 / 37, 13.325 / 37, 5.675 / 37], abs=1e-8)
    # All alike: x1 = x2 = 0.05 + 0.425 x0, and x0 as before: 9.5/37 each.
    even = graph_of((0, 1), (0, 2), (1, 0), (2, 0))
    assert pagerank(even) == pytest.approx([18 / 37, 9.5 / 37, 9.5 / 37], abs=1e-8)


def test_trust_flows_from_the_seed_and_returns_to_it() -> None:
    # 0 -> 1 -> 0, and 2 -> 1 which no seed reaches.
    # x0 = 0.15 + 0.85 x1, x1 = 0.85 x0: x0 = 0.15 / 0.2775 = 20/37, x1 = 17/37, x2 = 0.
    scores = trust(graph_of((0, 1), (1, 0), (2, 1)), np.array([0, 0]))
    assert scores == pytest.approx([20 / 37, 17 / 37, 0], abs=1e-8)
    assert scores[2] == 0
    # Where 1 is dangling its mass goes to the seed: the same equations.
    assert trust(graph_of((0, 1)), np.array([0])) == pytest.approx([20 / 37, 17 / 37], abs=1e-8)


def test_personal_weights_need_no_unit() -> None:
    graph = graph_of((0, 1), (1, 2), n=4)
    shares = pagerank(graph, personal=np.array([0.75, 0, 0, 0.25]))
    assert np.array_equal(pagerank(graph, personal=np.array([3, 0, 0, 1])), shares)


# 0 -> 1 -> 2 <- 3, and 4 alone.
PATH = ((0, 1), (1, 2), (3, 2))


def test_harmonic_adds_up_the_inverse_distances_of_those_who_reach() -> None:
    # 1: 1/1 from 0. 2: 1/1 from 1, 1/2 from 0, 1/1 from 3. Nobody reaches 0, 3 and 4.
    assert harmonic(graph_of(*PATH, n=5)).tolist() == [0, 1, 2.5, 0, 0]


def test_harmonic_takes_the_shortest_way_and_no_weight() -> None:
    # 3 is reached from 0 directly and by way of 1, 2: 1/1 from 0, 1/2 from 1, 1/1 from 2.
    graph = graph_of((0, 1, 5), (1, 2, 1), (2, 3, 9), (0, 3, 1))
    assert harmonic(graph).tolist() == [0, 1, 1.5, 2.5]


def test_a_sample_is_scaled_to_all() -> None:
    # From 0 alone: 1/1 to 1, 1/2 to 2; 5 domains over 1 source.
    assert harmonic(graph_of(*PATH, n=5), sources=np.array([0, 0])).tolist() == [0, 5, 2.5, 0, 0]


def test_weighted_harmonic_leaves_out_a_domains_own_weight() -> None:
    # 1: 0.5/1 from 0. 2: 0.25/1 from 1, 0.5/2 from 0, 0/1 from 3; not its own 0.125.
    weight = np.array([0.5, 0.25, 0.125, 0, 0.125])
    scores, covered = weighted_harmonic(graph_of(*PATH, n=5), weight)
    assert scores.tolist() == [0, 0.5, 0.5, 0, 0]
    assert covered == 1


def test_the_heaviest_sources_come_first_and_ties_by_id() -> None:
    graph, weight = graph_of(*PATH, n=5), np.array([1.0, 2.0, 0, 1.0, 0])
    # Of 1 (weight 2), then 0 (1, before 3 by id): 3/4 of the weight.
    scores, covered = weighted_harmonic(graph, weight, max_sources=2)
    assert scores.tolist() == [0, 1, 2 + 1 / 2, 0, 0]
    assert covered == 0.75
    assert weighted_harmonic(graph, weight, max_sources=0)[1] == 0
    assert weighted_harmonic(graph, weight, max_sources=99)[1] == 1


def test_no_weight_gives_no_score_and_covers_nothing() -> None:
    scores, covered = weighted_harmonic(graph_of(*PATH), np.zeros(4))
    assert (scores.tolist(), covered) == ([0, 0, 0, 0], 0)


def test_ranks_put_ties_at_their_middle_and_leave_the_unknown_out() -> None:
    scores = np.array([3.0, 5.0, np.nan, 3.0, 1.0, 9.0])
    rank, n = rank_of(scores, np.array([True, True, True, True, True, False]))
    # 5 is first; the 3s share places 2 and 3; 1 is fourth of four.
    assert np.array_equal(rank, [2.5, 1, np.nan, 2.5, 4, np.nan], equal_nan=True)
    assert n == 4
    # Below a 3 stand the 1 and half of the other 3: 1.5 of 3 others.
    shown = percentile(rank, n)
    assert np.array_equal(shown, [50, 100, np.nan, 50, 0, np.nan], equal_nan=True)


def test_rounding_of_long_sums_makes_no_rank() -> None:
    rank, _ = rank_of(np.array([0.1 + 0.2, 0.3, 0.3 * (1 + 1e-9), 0.0]))
    assert rank.tolist() == [2.5, 2.5, 1, 4]


def test_authority_is_logarithmic_in_rank() -> None:
    # Rank 2 of 4: 1 - ln 2 / ln 4 = 1/2.
    assert authority(np.array([1, 2, 4, np.nan]), 4)[:3].tolist() == [100, 50, 0]
    assert np.isnan(authority(np.array([np.nan]), 4)[0])
    # DESIGN section 7: rank 1,000,000 of 119 million is 25.7.
    assert authority(np.array([1e6]), 119_000_000)[0] == pytest.approx(25.7, abs=0.05)


@pytest.mark.parametrize("n", [0, 1])
def test_one_domain_has_no_standing(n: int) -> None:
    rank, counted = rank_of(np.ones(n))
    assert (rank.tolist(), counted) == ([1.0] * n, n)
    assert np.isnan(percentile(rank, counted)).all()
    assert np.isnan(authority(rank, counted)).all()


# --- what always holds ---


@pytest.mark.parametrize("n", [0, 1, 3])
def test_graphs_without_edges(n: int) -> None:
    graph = graph_of(n=n)
    assert pagerank(graph) == pytest.approx([1 / n] * n if n else [])
    assert harmonic(graph).tolist() == [0] * n
    assert weighted_harmonic(graph, np.ones(n))[0].tolist() == [0] * n
    if n:
        assert trust(graph, np.array([0])).tolist() == [1] + [0] * (n - 1)


@given(EDGES, st.booleans())
def test_pagerank_and_trust_solve_their_equations(edges: list[Edge], weighted: bool) -> None:
    graph = graph_of(*(edge if weighted else edge[:2] for edge in edges), n=N)
    even, seeded = np.full(N, 1 / N), np.eye(N)[[2, 5]].mean(axis=0)
    scores, trusted = pagerank(graph, tolerance=1e-12), trust(graph, np.array([5, 2]))
    assert scores == pytest.approx(solved_pagerank(graph, even), abs=1e-11)
    assert trusted == pytest.approx(solved_pagerank(graph, seeded), abs=1e-8)
    assert float(scores.sum()) == pytest.approx(1, abs=1e-12)
    assert float(trusted.sum()) == pytest.approx(1, abs=1e-12)
    assert scores.min() >= 0.15 / N


@given(EDGES)
def test_harmonic_agrees_with_plain_searches(edges: list[Edge]) -> None:
    graph = graph_of(*edges, n=N)
    weight = np.arange(N) / 8  # 0 for the first
    assert harmonic(graph) == pytest.approx(slow_harmonic(graph, np.ones(N)), rel=1e-12)
    assert weighted_harmonic(graph, weight)[0] == pytest.approx(
        slow_harmonic(graph, weight), rel=1e-12
    )


@pytest.mark.parametrize("pull_above", [0, 2, 10**9])
@pytest.mark.parametrize(("n", "m"), [(64, 200), (65, 300), (300, 500), (300, 6000)])
def test_batches_of_sources_lose_nobody(
    n: int, m: int, pull_above: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if pull_above != distances.PULL_ABOVE:  # the kernel in Python: constants are compiled in
        monkeypatch.setattr(distances, "PULL_ABOVE", pull_above)
        for name in ("onward", "_search", "_fill", "_from_batch", "_push", "_pull", "_weight_of"):
            monkeypatch.setattr(distances, name, getattr(distances, name).py_func)
        n, m = n // 4 + 60, m // 4
    graph = power_law(n, m)
    weight = np.random.default_rng(n).random(n)
    found = weighted_harmonic(graph, weight)[0]
    assert found == pytest.approx(slow_harmonic(graph, weight), rel=1e-12)


MEASURES: list[Callable[[DomainGraph], Scores]] = [
    pagerank,
    lambda graph: trust(graph, np.arange(0, graph.n, 50)),
    harmonic,
    lambda graph: weighted_harmonic(graph, 1 / (1 + np.arange(graph.n)))[0],
]


@given(EDGES, st.permutations(range(N)))
def test_relabelling_the_domains_relabels_the_scores(edges: list[Edge], new: list[int]) -> None:
    graph = graph_of(*edges, n=N)
    other = graph_of(*((new[u], new[t], weight) for u, t, weight in edges), n=N)
    weight, moved = np.arange(N) / 8, np.empty(N)
    moved[new] = weight
    pairs = [
        (pagerank(graph), pagerank(other)),
        (trust(graph, np.array([3])), trust(other, np.array([new[3]]))),
        (harmonic(graph), harmonic(other)),
        (weighted_harmonic(graph, weight)[0], weighted_harmonic(other, moved)[0]),
    ]
    for before, after in pairs:
        assert after[new] == pytest.approx(before, rel=1e-12)
        assert rank_of(after)[0][new].tolist() == rank_of(before)[0].tolist()


@given(EDGES)
def test_a_domain_alone_changes_no_distance(edges: list[Edge]) -> None:
    graph, more = graph_of(*edges, n=N), graph_of(*edges, n=N + 1)
    assert harmonic(more).tolist() == [*harmonic(graph).tolist(), 0]
    assert trust(more, np.array([3])).tolist() == [*trust(graph, np.array([3])).tolist(), 0]


def test_disconnected_parts_know_nothing_of_each_other() -> None:
    # Two cycles of three: 1/1 and 1/2 within each; trust stays with its seed.
    graph = graph_of((0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3))
    assert harmonic(graph).tolist() == [1.5] * 6
    assert pagerank(graph) == pytest.approx([1 / 6] * 6)
    assert trust(graph, np.array([0]))[3:].tolist() == [0, 0, 0]


@settings(max_examples=20)
@given(EDGES)
def test_self_links_and_repeats_buy_nothing(edges: list[Edge]) -> None:
    plain = [edge[:2] for edge in edges]
    padded = [*plain, *plain, *((u, u) for u in range(N))]
    graph, other = graph_of(*plain, n=N), graph_of(*padded, n=N)
    assert pagerank(graph).tobytes() == pagerank(other).tobytes()
    assert harmonic(graph).tobytes() == harmonic(other).tobytes()


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("one thread is all that numba has here")
    before = numba.get_num_threads()
    yield numba.set_num_threads
    numba.set_num_threads(before)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("weighted", [False, True])
def test_threads_change_no_bit(
    measure: Callable[[DomainGraph], Scores], weighted: bool, threads: Callable[[int], None]
) -> None:
    graph = power_law(5000, 40_000, weighted=weighted)  # several blocks, lanes and calls
    threads(1)
    alone = measure(graph)
    threads(2)
    assert measure(graph).tobytes() == alone.tobytes()
    assert measure(graph).tobytes() == alone.tobytes()


def test_fewer_lanes_for_larger_graphs_give_the_same_scores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph = power_law(3000, 9000)
    before = harmonic(graph)
    monkeypatch.setattr(distances, "LANE_BYTES", 1)
    assert harmonic(graph) == pytest.approx(before, rel=1e-12)


def test_a_sample_comes_near_the_whole() -> None:
    graph = power_law(3000, 30_000)
    sample = np.random.default_rng(5).choice(3000, 1000, replace=False)
    exact = harmonic(graph)
    linked = exact > 100
    error = np.abs(harmonic(graph, sources=sample)[linked] / exact[linked] - 1)
    assert error.max() < 0.2
    assert np.median(error) < 0.02


# --- what is refused ---


def test_running_out_of_sweeps_is_an_error_with_its_figures() -> None:
    with pytest.raises(DidNotConverge) as caught:
        pagerank(graph_of((0, 1), (1, 2), (2, 1)), max_sweeps=3)
    assert caught.value.sweeps == 3
    assert 1e-9 < caught.value.residual < 1


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda graph: pagerank(graph, damping=1.0), "damping"),
        (lambda graph: pagerank(graph, tolerance=0), "tolerance"),
        (lambda graph: pagerank(graph, personal=np.ones(9)), "3 weights"),
        (lambda graph: pagerank(graph, personal=np.array([1, -1, 1])), "not negative"),
        (lambda graph: pagerank(graph, personal=np.zeros(3)), "0 everywhere"),
        (lambda graph: trust(graph, np.array([], dtype=np.int64)), "at least one id"),
        (lambda graph: trust(graph, np.array([3])), "0 to 2"),
        (lambda graph: harmonic(graph, sources=np.array([-1])), "0 to 2"),
        (lambda graph: weighted_harmonic(graph, np.array([1, np.nan, 0])), "finite"),
        (lambda graph: weighted_harmonic(graph, np.ones(3), max_sources=-1), "max_sources"),
    ],
)
def test_settings_that_mean_nothing_are_refused(
    call: Callable[[DomainGraph], Any], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        call(graph_of((0, 1), (1, 2)))


# --- DESIGN section 7: attacks ---


def planted(graph: DomainGraph, edges: list[tuple[int, int]], more: int) -> DomainGraph:
    new = np.array(edges, dtype=np.int64)
    return from_edges(
        np.concatenate([sources_of(graph), new[:, 0]]),
        np.concatenate([graph.out_targets, new[:, 1]]),
        n=graph.n + more,
    )


def authority_scores(graph: DomainGraph, seeds: npt.NDArray[Any]) -> Scores:
    return weighted_harmonic(graph, trust(graph, seeds))[0]


def test_a_farm_without_an_honest_link_gains_exactly_nothing() -> None:
    honest = power_law(1000, 4000)
    seeds = np.arange(10)
    before = authority_scores(honest, seeds)
    linked = np.flatnonzero(before > 0)
    target = int(linked[np.argmin(before[linked])])  # weak, yet known to the trusted
    star = planted(honest, [(1000 + i, target) for i in range(100)], more=100)
    after = authority_scores(star, seeds)
    assert after[:1000].tobytes() == before.tobytes()
    assert not after[1000:].any()
    ranks = [rank_of(pagerank(graph)[:1000])[0][target] for graph in (honest, star)]
    plain = [harmonic(graph)[target] for graph in (honest, star)]
    assert ranks[1] < 20 < ranks[0]  # PageRank believes the farm,
    assert plain[1] >= plain[0] + 100  # and so does harmonic centrality without trust


def test_links_from_trusted_domains_do_lift() -> None:
    honest = power_law(1000, 4000)
    seeds = np.arange(10)
    before = authority_scores(honest, seeds)
    target = int(np.argmin(before))
    sellers = np.argsort(-before)[:3]
    bought = planted(honest, [(int(u), target) for u in sellers], more=0)
    ranks = [rank_of(scores)[0][target] for scores in (before, authority_scores(bought, seeds))]
    assert ranks[1] < 100 < 500 < ranks[0]
