"""Whom a domain hangs on, against what is left when each is taken away; and that authority left to
those who don't hang on it can't be raised by a farm of one's own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.graph.csr import DomainGraph, from_edges
from pipeline.graph.dominators import dominators
from pipeline.graph.ranks import trust, weighted_harmonic
from pipeline.graph.sampled import weighted_harmonic_sampled
from pipeline.graph.trusted import seed_distance
from tests.benchmarks import attacks
from tests.benchmarks.attacks import Trial, planted
from tests.pipeline.graph.corpus import power_law, sources_of
from tests.pipeline.graph.test_ranks import graph_of

Pairs = list[tuple[int, int]]


def chain(found: np.ndarray[tuple[int], np.dtype[np.int32]], u: int) -> set[int]:
    met: set[int] = set()
    above = int(found[u])
    while above >= 0:
        assert above not in met
        met.add(above)
        above = int(found[above])
    return met


def without(graph: DomainGraph, gone: int) -> DomainGraph:
    sources, targets = sources_of(graph), graph.out_targets
    kept = (sources != gone) & (targets != gone)
    return from_edges(sources[kept], targets[kept], n=graph.n)


def test_dominators_by_hand() -> None:
    # 0 -> 1 -> 2 and 3 -> 4 -> 1; 5 is not reached.
    graph = graph_of((0, 1), (1, 2), (1, 3), (2, 4), (3, 4), (4, 1), (5, 4))
    assert dominators(graph, np.array([0])).tolist() == [-1, 0, 1, 1, 1, -1]
    assert dominators(graph, np.array([0, 3])).tolist() == [-1, -1, 1, -1, -1, -1]
    # 3 is led to past 1 and past 2, and hangs on neither, though 2 hangs on less than 1 does.
    past = graph_of((0, 1), (1, 2), (2, 3), (0, 2), (1, 3))
    assert dominators(past, np.array([0])).tolist() == [-1, 0, 0, 0]
    with pytest.raises(ValueError, match="at least one id"):
        dominators(graph, np.empty(0, np.int64))


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30),
    st.sets(st.integers(0, 9), min_size=1, max_size=3),
)
def test_a_domain_hangs_on_those_without_whom_no_seed_leads_to_it(
    pairs: Pairs, seeds: set[int]
) -> None:
    graph, chosen = graph_of(*pairs, n=10), np.array(sorted(seeds))
    found = dominators(graph, chosen)
    reached = seed_distance(graph, chosen) >= 0
    for u in range(10):
        lost = set()
        for gone in range(10):
            left = np.array([seed for seed in chosen if seed != gone])
            is_cut = not len(left) or seed_distance(without(graph, gone), left)[u] < 0
            if gone != u and is_cut:
                lost.add(gone)
        assert chain(found, u) == (lost if reached[u] else set())


@pytest.mark.parametrize("family", [attacks.loop, attacks.star, attacks.clique])
def test_a_farm_that_only_its_target_links_to_brings_it_nothing(family: attacks.Family) -> None:
    honest, seeds = power_law(400, 2000), np.arange(10)
    reached = np.flatnonzero((seed_distance(honest, seeds) > 0) & (honest.out_degree > 0))
    target = int(reached[0])
    trial = Trial(honest, target, reached[1:4])
    before = weighted_harmonic(
        honest, trust(honest, seeds), hangs_on=dominators(honest, seeds)
    )[0]  # fmt: skip
    graph = planted(trial, family, 200, 0)
    farm = trial.farm(200)
    back = from_edges(
        np.concatenate([sources_of(graph), np.full(200, target)]),
        np.concatenate([graph.out_targets, farm]),
        n=graph.n,
    )
    on = dominators(back, seeds)
    assert (on[farm] == target).all()
    trusted = trust(honest, seeds)  # of before, that the farm's part alone may tell
    weight = np.append(trusted, np.full(200, 0.01))
    after = weighted_harmonic(back, weight, hangs_on=on)[0]
    assert after[target] == pytest.approx(before[target], rel=1e-12)
    assert weighted_harmonic(back, weight)[0][target] > before[target] + 0.01 * 200 * 0.99


def test_what_hangs_on_it_counts_for_others() -> None:
    # All hang on 1 but 0; 3 links back to it and to 4.
    graph = graph_of((0, 1), (1, 2), (2, 3), (3, 1), (3, 4))
    weight = np.array([1.0, 2, 4, 8, 0])
    on = dominators(graph, np.array([0]))
    found, covered = weighted_harmonic(graph, weight, hangs_on=on)
    # 1 has 0's alone; 2 has 0's and 1's, not that of 3, which hangs on it; 4 has everyone's.
    assert found.tolist() == pytest.approx(
        [0, 1, 1 / 2 + 2, 1 / 3 + 2 / 2 + 4, 1 / 4 + 2 / 3 + 4 / 2 + 8]
    )
    assert covered == 1
    assert weighted_harmonic_sampled(graph, weight, 9, hangs_on=on).tolist() == found.tolist()
    plain = weighted_harmonic(graph, weight)[0]
    assert plain[1] == pytest.approx(1 + 4 / 2 + 8)


def test_a_batch_leaves_nothing_barred_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.graph.distances.MAX_LANES", 1)
    honest, seeds = power_law(300, 1500), np.arange(5)
    weight, on = trust(honest, seeds), dominators(honest, seeds)
    whole = weighted_harmonic(honest, weight, hangs_on=on)[0]
    apart = np.zeros(300)
    for u in np.flatnonzero(weight):
        alone = np.zeros(300)
        alone[u] = weight[u]
        apart += weighted_harmonic(honest, alone, hangs_on=on)[0]
    assert whole == pytest.approx(apart)
