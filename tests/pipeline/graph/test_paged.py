"""Centrality of pages: by hand, against plain searches, and that own domains bring nothing."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.graph import levels
from pipeline.graph.csr import DomainGraph, from_edges
from pipeline.graph.dominators import dominators
from pipeline.graph.paged import Brought, Sets, alike, brought, counting, spans, strongest
from pipeline.graph.ranks import rank_of, trust, weighted_harmonic
from tests.pipeline.graph.corpus import power_law

N = 8
EDGES = st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)), max_size=24)
SEEDS = st.sets(st.integers(0, N - 1), min_size=1, max_size=3)


def graph_of(edges: list[tuple[int, int]], n: int = N) -> DomainGraph:
    table = np.array([edge for edge in edges if edge[0] != edge[1]], np.int64).reshape(-1, 2)
    return from_edges(table[:, 0], table[:, 1], n=n)


def sets_of(*told: tuple[int, list[int]]) -> Sets:
    """Of each page its domain and who links to it."""
    target = np.array([each[0] for each in told], np.int32)
    lengths = [len(each[1]) for each in told]
    sources = [source for each in told for source in sorted(each[1])]
    return Sets(
        target,
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        np.array(sources, np.int32),
    )


def distances(graph: DomainGraph, u: int, *, without: int = -1) -> list[float]:
    """From u, one textbook search; inf where nothing leads."""
    found = [np.inf] * graph.n
    if u == without:
        return found
    found[u], level = 0.0, [u]
    while level:
        following = []
        for v in level:
            for t in graph.out_targets[graph.out_offsets[v] : graph.out_offsets[v + 1]]:
                if t != without and found[t] == np.inf:
                    found[t] = found[v] + 1
                    following.append(int(t))
        level = following
    return found


def hanging(graph: DomainGraph, seeds: set[int], t: int) -> set[int]:
    """What no path from a seed leads to but through t, itself among them."""
    reached = {v for s in seeds for v, d in enumerate(distances(graph, s)) if d < np.inf}
    around = {v for s in seeds for v, d in enumerate(distances(graph, s, without=t)) if d < np.inf}
    return (reached - around) | {t}


def slow(
    graph: DomainGraph, weight: npt.NDArray[Any], seeds: set[int], t: int, linking: list[int]
) -> float:
    own = hanging(graph, seeds, t)
    from_each = [distances(graph, u) for u in range(graph.n)]
    counted = [r for r in linking if r not in own]
    return sum(
        float(weight[u]) / (1 + min(from_each[u][r] for r in counted))
        for u in range(graph.n)
        if counted and u not in own
    )


def told(
    graph: DomainGraph, weight: npt.NDArray[Any], seeds: set[int], sets: Sets
) -> tuple[Brought, Sets]:
    on = dominators(graph, np.array(sorted(seeds)))
    kept = counting(sets, on)
    return brought(graph, weight, kept, hangs_on=on), kept


def test_a_page_is_one_link_further_than_the_nearest_domain_that_links_to_it() -> None:
    # 0 -> 1 -> 2, and page of 3 linked by 1 and 2: 0 is two links from it, 1 and 2 one each.
    graph = graph_of([(0, 1), (1, 2), (1, 3), (2, 3)], n=4)
    weight = np.array([0.5, 0.3, 0.2, 0.0])
    found, _ = told(graph, weight, {0}, sets_of((3, [1, 2]), (3, [2]), (3, [])))
    assert found.value == pytest.approx([0.5 / 2 + 0.3 + 0.2, 0.5 / 3 + 0.3 / 2 + 0.2, 0.0])
    # Without 1's link it is as the second page; without 2's it loses 2 alone.
    assert found.lost == pytest.approx([0.5 / 6 + 0.15, 0.2, found.value[1]])


def test_a_page_has_nothing_of_its_own_domain_nor_of_what_hangs_on_it() -> None:
    # The seed 0 links to 1, which alone leads to its farm 2 and 3; both link back to a page of 1.
    graph = graph_of([(0, 1), (1, 2), (2, 3), (2, 1), (3, 1)], n=4)
    weight = trust(graph, np.array([0]))
    assert weight[2] > 0
    found, kept = told(graph, weight, {0}, sets_of((1, [2, 3]), (1, [0, 2])))
    assert found.value.tolist() == [0.0, weight[0]], "exactly"
    assert kept.sources.tolist() == [0]


def test_all_links_to_one_page_make_it_as_near_as_its_domain() -> None:
    graph = power_law(150, 500)
    seeds = np.array([3, 60, 100])
    weight = trust(graph, seeds)
    on = dominators(graph, seeds)
    offsets, sources = graph.in_offsets, graph.in_sources
    sets = counting(Sets(np.arange(150, dtype=np.int32), offsets, sources), on)
    of_domains = weighted_harmonic(graph, weight, hangs_on=on)[0]
    assert brought(graph, weight, sets, hangs_on=on).value == pytest.approx(of_domains, abs=1e-15)


@settings(max_examples=60)
@given(EDGES, SEEDS, st.integers(0, N - 1), st.sets(st.integers(0, N - 1), max_size=5))
def test_any_page_has_what_plain_searches_find_and_never_more_than_its_domain(
    edges: list[tuple[int, int]], seeds: set[int], t: int, linking: set[int]
) -> None:
    linking -= {t}
    graph = graph_of([*edges, *((r, t) for r in linking)])
    weight = np.random.default_rng(len(edges)).random(N)
    found, kept = told(graph, weight, seeds, sets_of((t, sorted(linking))))
    assert found.value[0] == pytest.approx(slow(graph, weight, seeds, t, sorted(linking)))
    of_domains = weighted_harmonic(
        graph, weight, hangs_on=dominators(graph, np.array(sorted(seeds)))
    )
    reached = {v for s in seeds for v, d in enumerate(distances(graph, s)) if d < np.inf}
    if all(u in reached for u in range(N)):  # else weights stand where no trust is
        assert found.value[0] <= of_domains[0][t] * (1 + 1e-12)
    for j, source in enumerate(kept.sources):
        left = [r for r in kept.sources.tolist() if r != source]
        less = slow(graph, weight, seeds, t, left)
        assert found.value[0] - found.lost[j] == pytest.approx(less, abs=1e-12)


@settings(max_examples=60)
@given(EDGES, SEEDS, st.integers(0, N - 1), st.integers(1, 6))
def test_a_farm_that_no_other_domain_links_to_brings_a_page_exactly_nothing(
    edges: list[tuple[int, int]], seeds: set[int], t: int, size: int
) -> None:
    """Nobody links into the farm but the page's own domain and the farm itself."""
    farm = list(range(N, N + size))
    within = [(a, b) for a in farm for b in farm if a != b]
    graph = graph_of(
        [*edges, *((t, f) for f in farm), *within, *((f, t) for f in farm), (N - 1, t)], N + size
    )
    weight = trust(graph, np.array(sorted(seeds)))
    honest = [N - 1] if t != N - 1 else []
    found, _ = told(graph, weight, seeds, sets_of((t, honest), (t, [*honest, *farm]), (t, farm)))
    assert found.value[1] == found.value[0]
    assert found.value[2] == 0.0


def a_web(n: int = 400, pages: int = 300) -> tuple[DomainGraph, npt.NDArray[Any], Sets]:
    graph = power_law(n, 6 * n)
    dice = np.random.default_rng(5)
    linked = [
        (int(t), dice.choice(n, dice.integers(1, 9), replace=False).tolist())
        for t in dice.integers(0, n, pages)
    ]
    weight = trust(graph, np.arange(0, n, 7))
    return graph, weight, sets_of(*((t, [r for r in rs if r != t]) for t, rs in linked))


def test_bits_are_the_same_on_one_thread_and_on_two_and_with_more_lanes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph, weight, sets = a_web()
    first = brought(graph, weight, sets)
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        alone = brought(graph, weight, sets)
    finally:
        numba.set_num_threads(threads)
    monkeypatch.setattr(levels, "MOST_LANES", 3)
    fewer = brought(graph, weight, sets)
    for other in (alone, fewer):
        assert np.array_equal(first.value, other.value)
        assert np.array_equal(first.lost, other.lost)


def test_other_ids_for_the_same_domains_move_no_page() -> None:
    graph, weight, sets = a_web()
    new = np.random.default_rng(1).permutation(graph.n).astype(np.int32)
    sources = np.repeat(np.arange(graph.n), np.diff(graph.out_offsets))
    other = from_edges(new[sources], new[graph.out_targets], n=graph.n)
    moved = np.empty(graph.n)
    moved[new] = weight
    found = brought(graph, weight, sets)
    renamed = Sets(new[sets.target], sets.offsets, new[sets.sources])
    again = brought(other, moved, renamed)
    assert again.value == pytest.approx(found.value, rel=1e-12)
    assert again.lost == pytest.approx(found.lost, rel=1e-9, abs=1e-15)


def test_a_sample_of_searches_is_right_on_average_and_all_of_them_exactly() -> None:
    graph, weight, sets = a_web()
    exact = brought(graph, weight, sets).value
    assert brought(graph, weight, sets, sources=graph.n).value.tolist() == exact.tolist()
    some = brought(graph, weight, sets, sources=120).value
    assert some.sum() == pytest.approx(exact.sum(), rel=0.05)
    with pytest.raises(ValueError, match="sources is 0"):
        brought(graph, weight, sets, sources=0)


def test_ways_of_255_links_and_more_count_as_none() -> None:
    graph = graph_of([(i, i + 1) for i in range(299)], n=300)
    weight = np.zeros(300)
    weight[0] = 1.0
    found = brought(graph, weight, sets_of((299, [254]), (299, [255]), (299, [256])))
    assert found.value.tolist() == [1 / 255, 0.0, 0.0]


def test_only_sets_that_are_alike_and_of_one_domain_are_told_as_one() -> None:
    sets = sets_of((1, [2, 3]), (1, [2]), (1, [2, 3]), (4, [2, 3]), (4, []), (4, []))
    assert alike(sets).tolist() == [0, 1, 0, 3, 4, 4]


def test_the_strongest_are_those_without_which_most_is_lost_then_the_stronger_ones() -> None:
    sets = sets_of((0, [1, 2, 3, 4]), (0, [3]))
    lost = np.array([0.1, 0.0, 0.0, 0.2, 0.3])
    strength = np.array([0.0, 0.0, 0.1, 0.5, 0.0])
    found = strongest(sets, Brought(np.zeros(2), lost), strength)
    assert found.tolist() == [[3, 0, 2], [4, -1, -1]]


def test_spans_tell_whom_a_domain_hangs_on_however_deep() -> None:
    chain = np.arange(-1, 4999, dtype=np.int32)
    enters, leaves = spans(chain)
    assert enters.tolist() == list(range(5000))
    assert set(leaves.tolist()) == {5000}
    enters, leaves = spans(np.array([-1, 0, 0, 2, -1], np.int32))
    within = [[u for u in range(5) if enters[t] <= enters[u] < leaves[t]] for t in range(5)]
    assert within == [[0, 1, 2, 3], [1], [2, 3], [3], [4]]


def test_scores_that_many_have_take_as_many_places() -> None:
    ranks, n = rank_of(np.array([5.0, 7.0, 5.0]), times=np.array([2, 1, 3]))
    assert n == 6
    assert ranks.tolist() == [4.0, 1.0, 4.0]
