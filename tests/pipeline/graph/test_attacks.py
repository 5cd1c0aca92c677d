"""Planted attacks have the shape they are named after, and authority withstands them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from pipeline.graph.csr import DomainGraph
from pipeline.graph.dense import dense_groups
from pipeline.graph.ranks import trust, weighted_harmonic
from tests.benchmarks import attacks, bench_attacks
from tests.benchmarks.attacks import NAMES, WH, Family, Standing, Trial, gains, planted, trials
from tests.benchmarks.likes import ahrefs_like, majestic_like
from tests.pipeline.graph.corpus import power_law, sources_of
from tests.pipeline.graph.test_ranks import graph_of

Pair = tuple[int, int]
SEEDS = np.arange(10)


def links(graph: DomainGraph) -> set[Pair]:
    return set(zip(sources_of(graph).tolist(), graph.out_targets.tolist(), strict=True))


def added(family: Family, size: int, honest: int) -> set[Pair]:
    """What an attack on 0 adds to a chain of five, entries 2, 3, 4, new ids from 5."""
    graph = graph_of((0, 1), (1, 2), (2, 3), (3, 4))
    trial = Trial(graph, 0, np.array([2, 3, 4]))
    return links(planted(trial, family, size, honest)) - links(graph)


def test_each_family_adds_the_links_it_is_named_after() -> None:
    assert added(attacks.bought, 0, 2) == {(2, 0), (3, 0)}
    assert added(attacks.exchange, 0, 2) == {(2, 0), (3, 0), (0, 2), (0, 3)}
    assert added(attacks.star, 2, 0) == {(5, 0), (6, 0)}
    assert added(attacks.star, 2, 3) == {(5, 0), (6, 0), (2, 5), (3, 6), (4, 5)}
    assert added(attacks.loop, 2, 1) == {(5, 0), (6, 0), (2, 5), (0, 5), (0, 6)}
    assert added(attacks.clique, 2, 1) == {(5, 0), (6, 0), (2, 5), (5, 6), (6, 5)}


def test_a_large_farm_of_cliques_is_of_hundreds() -> None:
    graph = graph_of((0, 1))
    found = dense_groups(planted(Trial(graph, 0, np.array([1])), attacks.clique, 250, 0))
    assert sorted(set(found.size[2:].tolist())) == [50, 100]
    assert set(found.density[2:].tolist()) == {1}


def test_tiers_reach_the_target_by_the_near_tenth_alone() -> None:
    new = added(attacks.tiered, 200, 2)
    near, far = set(range(5, 25)), set(range(25, 205))
    assert {u for u, t in new if t == 0} == near
    assert {t for u, t in new if u in far} == near
    assert sum(u in far for u, t in new) == 180 * 10
    assert {pair for pair in new if pair[0] < 5} == {(2, 25), (3, 26)}


def test_a_private_network_has_honest_links_and_its_subnet_is_one_domain() -> None:
    new = added(attacks.pbn, 3, 3)
    assert {(2, 5), (3, 6), (4, 7), (5, 0), (6, 0), (7, 0)} <= new
    assert {(5, 6), (5, 7), (6, 5), (6, 7), (7, 5), (7, 6)} <= new
    one = added(attacks.pbn_as_one, 3, 3)
    assert {(2, 5), (3, 5), (4, 5), (5, 0)} <= one
    assert max(max(pair) for pair in one) == 5


@pytest.fixture(scope="module")
def honest() -> DomainGraph:
    return power_law(1500, 6000)


@pytest.fixture(scope="module")
def weak(honest: DomainGraph) -> list[Trial]:
    return trials(honest, SEEDS, 3, 12)


def test_targets_are_weak_and_entries_could_link(honest: DomainGraph, weak: list[Trial]) -> None:
    standing = Standing.of(honest, SEEDS, honest.n).percentiles[WH]
    reached = trust(honest, SEEDS) > 0
    for trial in weak:
        assert 10 < standing[trial.target] < 40
        assert honest.in_degree[trial.target] == 1
        assert len(set(trial.entries.tolist())) == 12
        assert reached[trial.entries].all()
        assert honest.out_degree[trial.entries].all()
        assert not {(int(u), trial.target) for u in trial.entries} & links(honest)
    assert len({trial.target for trial in weak}) == 3


@pytest.mark.parametrize("family", [attacks.star, attacks.clique, attacks.tiered])
def test_without_an_honest_link_authority_gains_exactly_nothing(
    family: Family, honest: DomainGraph, weak: list[Trial]
) -> None:
    before = Standing.of(honest, SEEDS, honest.n)
    gained = gains(weak[0], family, 75, 0, SEEDS, before)
    assert gained[WH] == gained["TrustRank"] == 0
    assert gained["PageRank"] > 10


def test_farms_behind_links_gain_less_authority_than_the_links(
    honest: DomainGraph, weak: list[Trial]
) -> None:
    before = Standing.of(honest, SEEDS, honest.n)

    def mean(family: Family, size: int) -> float:
        return float(np.mean([gains(t, family, size, 3, SEEDS, before)[WH] for t in weak]))

    given, small, large = mean(attacks.bought, 0), mean(attacks.star, 20), mean(attacks.star, 75)
    assert given > 10
    assert small <= given
    assert large - small <= 3


def test_a_large_graphs_authority_is_estimated(
    honest: DomainGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = Standing.of(honest, SEEDS, honest.n).percentiles[WH]
    monkeypatch.setattr(attacks, "EXACT_BELOW", 0)
    estimated = Standing.of(honest, SEEDS, honest.n).percentiles[WH]
    assert not np.array_equal(estimated, exact)
    assert np.corrcoef(estimated, exact)[0, 1] > 0.99


def test_the_bench_measures_what_the_issue_asks(honest: DomainGraph) -> None:
    base = bench_attacks.Base("made", honest, 2, thorough=False)
    star, bought, points = attacks.star, attacks.bought, dict.fromkeys(NAMES, 0.0)

    def gain(*each: float) -> list[dict[str, float]]:
        return [{**points, WH: one} for one in each]

    base.gained = {
        (star, base.five, 0): gain(0, 1),
        (star, 100, 3): gain(4, 6),
        (star, base.five, 3): gain(6, 8),
        (bought, 0, 3): gain(4, 4),
        (bought, 0, 10): gain(16, 20),
        (attacks.loop, 75, 0): gain(9, 9),
    }
    assert bench_attacks.no_honest_link(base)[WH] == 9  # the target's own link back is none
    assert bench_attacks.leverage(base)[WH] == 7 - 4
    assert bench_attacks.by_size(base, base.five)[WH] == 7 - 5
    # From 3 links and 4 points to 10 and 18, 10 points are at 6; the farm never gets there.
    found = bench_attacks.cost(base)
    assert found["given"][WH] == 6
    assert found["into a farm of 5%"][WH] == np.inf


def flat(scores: npt.NDArray[np.float64]) -> list[float]:
    return [float(score) for score in scores]


def test_scores_that_are_like_others_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    # 0 and 1 link to 2, 0 also to 3. Once: raw 0, 0, 1 + 1/2, 1/2 from ratings of 0.
    graph = graph_of((0, 2), (0, 3), (1, 2))
    monkeypatch.setattr("tests.benchmarks.likes.ROUNDS", 1)
    low = 100 * np.log(1.5) / np.log(2.5)
    assert flat(ahrefs_like(graph)) == pytest.approx([0, 0, 100, low])
    # In units of a mean domain: trust 2, 0; visits 1.2, .8.
    found = majestic_like(np.array([1.0, 0]), np.array([0.6, 0.4]))
    assert flat(found) == pytest.approx([100, 0])
    assert flat(ahrefs_like(graph_of(n=2))) == [0, 0]


def test_what_the_target_links_back_to_lends_it_nothing(
    honest: DomainGraph, weak: list[Trial]
) -> None:
    # No honest link into the farm but the target's own: its trust comes back to it, and is its own.
    trial = weak[0]
    trusted = trust(honest, SEEDS)
    before = Standing.of(honest, SEEDS, honest.n)
    assert gains(trial, attacks.loop, 75, 0, SEEDS, before)[WH] == 0
    graph = planted(trial, attacks.loop, 75, 0)
    plain = weighted_harmonic(honest, trusted)[0][trial.target]
    after = weighted_harmonic(graph, trust(graph, SEEDS))[0][trial.target]
    assert plain < after < plain + trusted[trial.target] / 0.15, "so it would be, did they count"
